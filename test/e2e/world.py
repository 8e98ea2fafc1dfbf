"""Users, devices, connections and revisions as an operator makes them, and what Xray holds of them."""

import itertools
import os
import subprocess

from lab import ROOT, Failure, wait_until

INBOUND = "vless-reality-in"
numbers = itertools.count(7_000_000_000 + os.getpid() * 100_000)


class World:
    def __init__(self, stack):
        self.stack = stack
        self.api = stack.api

    def user(self, **more):
        return self.api.call("POST", "/users", {"telegram_id": next(numbers), **more})["telegram_id"]

    def device(self, user, name="phone"):
        return self.api.call("POST", "/devices", {"user_id": user, "name": name})["id"]

    def connection(self, user, device):
        """With its first revision."""
        return self.api.call("POST", "/connections", {
            "user_id": user, "device_id": device, "protocol": "vless_reality", "mode": "direct", "variant": "B1",
            "issue": {}})

    def person(self):
        """A user with one device and one connection: (connection's id, first revision's id)."""
        user = self.user()
        connection = self.connection(user, self.device(user))
        return connection["id"], connection["revision"]["id"]

    def issue(self, connection):
        return self.api.call("POST", f"/revisions/by-connection/{connection}", {})["id"]

    def revoke(self, revision):
        return self.api.call("POST", f"/revisions/{revision}/revoke")

    def link(self, revision):
        return self.api.text(f"/revisions/{revision}/export?format=uri").strip()

    def ready(self, connection):
        return self.api.call("GET", f"/connections/{connection}/delivery")["state"] == "ready"

    def wait_ready(self, connection, seconds=10):
        wait_until(lambda: self.ready(connection), "the connection's delivery is ready", seconds)

    def users_of_xray(self):
        """The ids that Xray serves now, asked over gRPC by a program that is not ours."""
        socket = (self.stack.state / "env" / "agent" / "AGENT_XRAY_API_SERVER").read_text()
        done = subprocess.run([ROOT / "build" / "peers" / "xrayctl", socket, "list", INBOUND],
                              capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise Failure(done.stderr)
        return {line.split()[1] for line in done.stdout.splitlines()}

    def users_of_database(self):
        """The ids that Xray should serve."""
        rows = self.stack.database(
            "select r.effective_config_json->>'uuid' from connection_revision r join connection c on c.id = "
            "r.connection_id where r.status = 'active' and c.status = 'active' and c.protocol = 'vless_reality'")
        return {row[0] for row in rows}

    def wait_agreement(self, seconds=30):
        """Until Xray serves exactly the users of the database."""
        def agree():
            try:
                return self.users_of_xray() == self.users_of_database()
            except Failure:
                return False
        wait_until(agree, "Xray's users are the database's", seconds, 0.05)
