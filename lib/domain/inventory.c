#include "domain/inventory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "crypto/pseudonym.h"
#include "metrics/metrics.h"
#include "store/inventory.h"

#define KEEP_USEC (15 * USEC_SEC)

enum {
    DEVICE_TAG_LENGTH = 6 /* of its pseudonym's digits */
};

struct inventory {
    struct arena arena; /* of the text */
    const char *text;   /* NULL: nothing was read yet */
    size_t size;
    usec_t read_at; /* by time_monotonic() */
};

#define NAME "tracegate_"

/* clang-format off */
static const struct metric counts[] = {
    {NAME "users", "Users", METRIC_GAUGE, .labels = {"role", "entitlement"}},
    {NAME "users_blocked", "Users whom the bot blocks now", METRIC_GAUGE},
    {NAME "devices", "Devices", METRIC_GAUGE, .labels = {"status"}},
    {NAME "connections", "Connections", METRIC_GAUGE, .labels = {"protocol", "variant", "status"}},
    {NAME "tokens", "API tokens", METRIC_GAUGE, .labels = {"status"}},
    {NAME "nodes", "Nodes", METRIC_GAUGE, .labels = {"role", "active"}},
    {NAME "grafana_sessions", "Sessions that have not ended", METRIC_GAUGE, .labels = {"scope"}},
    {NAME "ipam_addresses", "Addresses of tunnels", METRIC_GAUGE, .labels = {"state"}},
    {NAME "maintenance_last_success_seconds", "When it last went well, in Unix time",
        METRIC_GAUGE, .labels = {"name"}},
};
/* clang-format on */

static const struct metric refreshed_at = {
    NAME "inventory_refreshed_at_seconds", "When this was read, in Unix time", METRIC_GAUGE};
static const struct metric user_info = {NAME "user_info", "A user with an active connection",
    METRIC_GAUGE, .labels = {"user_pid", "role"}};
static const struct metric connection_active = {NAME "connection_active", "An active revision",
    METRIC_GAUGE,
    .labels = {"user_pid", "device_tag", "connection_pid", "connection_marker", "protocol", "mode",
        "variant", "slot"}};

static void
release(void *at)
{
    struct inventory *inventory = at;

    arena_reset(&inventory->arena);
}

struct inventory *
inventory_new(struct arena *arena)
{
    struct inventory *inventory = arena_alloc(arena, sizeof(*inventory));

    *inventory = (struct inventory){0};
    arena_defer(arena, release, inventory);
    return inventory;
}

/* -- as metrics ---------------------------------------------------------------------------- */

static void
show_counts(struct metrics *metrics, const struct list *rows)
{
    const struct inventory_count *count = rows->at;

    for (const struct inventory_count *end = count + rows->count; count < end; count++) {
        for (size_t i = 0; i < COUNT(counts); i++) {
            if (str_eq(counts[i].name + strlen(NAME), count->family))
                metrics_set(
                    metrics, &counts[i], (double)count->count, count->a, count->b, count->c);
        }
    }
}

static void
user_pid_make(const char *secret, int64_t telegram_id, char pid[PID_SIZE])
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, telegram_id);
    pid_make(secret, PID_USER, text, pid);
}

static void
show_credential(struct metrics *metrics, const char *secret, const char *user_pid,
    const struct inventory_credential *row)
{
    char device_pid[PID_SIZE], connection_pid[PID_SIZE], revision_pid[PID_SIZE];
    char marker[MARKER_SIZE], slot[32];

    pid_make(secret, PID_DEVICE, row->device_id, device_pid);
    pid_make(secret, PID_CONNECTION, row->connection_id, connection_pid);
    pid_make(secret, PID_REVISION, row->revision_id, revision_pid);
    marker_make(row->variant, connection_pid, revision_pid, marker);
    device_pid[DEVICE_TAG_LENGTH] = '\0';
    snprintf(slot, sizeof(slot), "%" PRId64, row->slot);
    metrics_set(metrics, &connection_active, 1, user_pid, device_pid, connection_pid, marker,
        row->protocol, row->mode, row->variant, slot);
}

/* They come by user. */
static void
show_credentials(struct metrics *metrics, const char *secret, const struct list *rows)
{
    const struct inventory_credential *row = rows->at;
    char user_pid[PID_SIZE] = "";
    int64_t user = 0;

    for (const struct inventory_credential *end = row + rows->count; row < end; row++) {
        if (row->telegram_id != user) {
            user = row->telegram_id;
            user_pid_make(secret, user, user_pid);
            metrics_set(metrics, &user_info, 1, user_pid, row->role);
        }
        show_credential(metrics, secret, user_pid, row);
    }
}

static void
release_metrics(void *metrics)
{
    metrics_free(metrics);
}

static void
keep(const struct turn *turn, struct inventory *inventory, const struct list *rows,
    const struct list *credentials)
{
    struct metrics *metrics = metrics_new();

    arena_defer(turn->arena, release_metrics, metrics);
    metrics_set(metrics, &refreshed_at, (double)time_now() / (double)USEC_SEC);
    show_counts(metrics, rows);
    show_credentials(metrics, turn->settings->pseudonym_secret, credentials);
    arena_reset(&inventory->arena);
    inventory->text = metrics_text(metrics, &inventory->arena, &inventory->size);
    inventory->read_at = time_monotonic();
}

/* -- reading ------------------------------------------------------------------------------- */

static bool
read_all(const struct turn *turn, struct inventory *inventory, struct err *err)
{
    struct list rows, credentials;

    if (!inventory_counts(turn->db, &rows, err) || !db_commit_next(turn->db) ||
        !inventory_credentials(turn->db, &credentials, err))
        return false;
    keep(turn, inventory, &rows, &credentials);
    return true;
}

/* Who has something to show leaves it to the one who is at it. */
static bool
refresh(const struct turn *turn, struct inventory *inventory, struct err *err)
{
    bool claimed;

    if (!db_begin(turn->db, err) || !inventory_claim(turn->db, &claimed, err))
        return false;
    if (claimed || inventory->text == NULL)
        return read_all(turn, inventory, err);
    return db_commit(turn->db, err);
}

const char *
inventory_text(const struct turn *turn, struct inventory *inventory, size_t *size, struct err *err)
{
    bool fresh = inventory->text != NULL && time_monotonic() - inventory->read_at < KEEP_USEC;

    if (!fresh && !refresh(turn, inventory, err)) {
        db_rollback(turn->db);
        if (inventory->text != NULL)
            log_warn("detail=\"%s\", showing the inventory of before", err->detail);
    }
    *size = inventory->size;
    return inventory->text;
}
