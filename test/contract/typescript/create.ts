// Creates a user with a client whose types were generated into api.d.ts.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { env: Record<string, string | undefined> };

type User = components["schemas"]["User"];

const api = createClient<paths>({
    baseUrl: process.env.URL ?? "",
    headers: { Authorization: `Bearer ${process.env.TOKEN}` },
});

const made = await api.POST("/users", { body: { telegram_id: 4242, devices_max: 3 } });
if (made.error !== undefined) throw new Error(made.error.code);
const user: User = made.data;
const path = { telegram_id: user.telegram_id };
const got = await api.GET("/users/{telegram_id}", { params: { path } });
if (got.data?.devices_max !== 3) throw new Error("another user");
const again = await api.POST("/users", { body: { telegram_id: 4242, devices_max: 3 } });
if (again.error?.code !== "user_exists") throw new Error("no problem");
