#include "export/part.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"

const struct local_part *
part_local(const struct hysteria_client *config)
{
    bool http = config->local_http != NULL && config->local_http->enabled;

    return http ? config->local_http : config->local_socks;
}

struct host_port
part_endpoint(const char *text, struct arena *arena)
{
    const char *colon = strrchr(text, ':');
    bool bracketed = *text == '[';
    int length = (int)(colon - text) - (bracketed ? 2 : 0);
    const char *host = arena_printf(arena, "%.*s", length, text + bracketed);

    return (struct host_port){
        str_eq(host, "localhost") ? "127.0.0.1" : host, strtoll(colon + 1, NULL, 10)};
}

const char *
part_auth(const struct auth_part *auth, struct arena *arena)
{
    return auth->username == NULL ? auth->password
                                  : arena_printf(arena, "%s:%s", auth->username, auth->password);
}

const char *
part_pin(const char *pin, struct arena *arena)
{
    if (pin == NULL)
        return NULL;
    char *hex = arena_alloc(arena, strlen(pin) + 1), *at = hex;
    for (; *pin != '\0'; pin++) {
        if (*pin != ':')
            *at++ = (char)tolower((unsigned char)*pin);
    }
    return hex;
}

const char *
part_join(const struct list *texts, const char *between, struct arena *arena)
{
    struct text text = {.arena = arena};
    const char *const *items = texts->at;

    for (size_t i = 0; i < texts->count; i++) {
        text_put(&text, i == 0 ? "" : between);
        text_put(&text, items[i]);
    }
    return text.data;
}

struct list
part_allowed_ips(const struct list *allowed, struct arena *arena)
{
    static const char all_ipv4[] = "0.0.0.0/0", all_ipv6[] = "::/0";
    const char **texts = arena_alloc(arena, (allowed->count + 1) * sizeof(*texts));
    bool has_all_ipv4 = false, has_all_ipv6 = false;
    size_t count = allowed->count;

    for (size_t i = 0; i < allowed->count; i++) {
        texts[i] = ((const char *const *)allowed->at)[i];
        has_all_ipv4 = has_all_ipv4 || str_eq(texts[i], all_ipv4);
        has_all_ipv6 = has_all_ipv6 || str_eq(texts[i], all_ipv6);
    }
    if (has_all_ipv4 && !has_all_ipv6)
        texts[count++] = all_ipv6;
    return (struct list){texts, count};
}
