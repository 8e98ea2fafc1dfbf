#include "domain/scrape.h"

#include <string.h>

#include "base/str.h"
#include "store/nodes.h"

static const struct field label_fields[] = {
    F_TEXT(struct scrape_labels, node, F_REQUIRED, 1, 64),
    F_TEXT(struct scrape_labels, role, F_REQUIRED, 1, 8),
    {.name = "__scheme__",
        .type = FIELD_TEXT,
        .flags = F_REQUIRED,
        .offset = F_AT(struct scrape_labels, scheme, const char *),
        .min = 4,
        .max = 5},
};
static const struct schema labels_schema = SCHEMA(struct scrape_labels, label_fields);

static const struct field address_field = {
    .name = "target", .type = FIELD_TEXT, .min = 1, .max = INT32_MAX};
static const struct field target_fields[] = {
    F_LIST(struct scrape_target, targets, F_REQUIRED, &address_field, 1),
    F_OBJECT(struct scrape_target, labels, struct scrape_labels, F_REQUIRED, &labels_schema),
};
const struct schema scrape_target_schema = SCHEMA(struct scrape_target, target_fields);

/* "https://host:port/path", the port and the path optional, as host and port. */
static const char *
address_of(const char *url, bool tls, struct arena *arena)
{
    const char *host = strstr(url, "://") + strlen("://");
    int length = (int)strcspn(host, "/?");
    const char *address = arena_printf(arena, "%.*s", length, host);
    const char *after = *address == '[' ? strchr(address, ']') : address;

    if (after != NULL && strchr(after, ':') != NULL)
        return address;
    return arena_printf(arena, "%s:%s", address, tls ? "443" : "80");
}

static struct scrape_target
target_of(const struct node *node, struct arena *arena)
{
    bool tls = strncasecmp(node->base_url, "https:", strlen("https:")) == 0;
    struct scrape_labels *labels = arena_alloc(arena, sizeof(*labels));
    const char **address = arena_alloc(arena, sizeof(*address));

    *address = address_of(node->base_url, tls, arena);
    *labels =
        (struct scrape_labels){node->name, node_role_names[node->role], tls ? "https" : "http"};
    return (struct scrape_target){{address, 1}, labels};
}

bool
scrape_targets(const struct turn *turn, struct list *targets, struct err *err)
{
    struct list nodes;
    size_t count = 0;

    if (!nodes_list(turn->db, &nodes, err))
        return false;
    const struct node *node = nodes.at;
    struct scrape_target *found = arena_alloc(turn->arena, (nodes.count + 1) * sizeof(*found));
    for (const struct node *end = node + nodes.count; node < end; node++) {
        if (node->active)
            found[count++] = target_of(node, turn->arena);
    }
    *targets = (struct list){found, count};
    return true;
}
