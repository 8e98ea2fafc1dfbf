#include "agent/xray_config.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/xray.h"
#include "agent/xray_pieces.h"
#include "base/log.h"
#include "schema/json.h"

enum {
    SOON_MS = 1000,
    SLICE_BUCKETS = 256, /* of the index, in one turn of the loop */
    TEST_MS = 20000,
    REFUSES = 23, /* the status by which Xray says that the file is wrong */
    REST = 3      /* after a run, at least so many times as long */
};

#define FOLDER    "runtime/xray"
#define FILE_NEW  FOLDER "/config.new.json" /* Xray goes by the ending */
#define FILE_LIVE FOLDER "/config.json"

struct xray_config {
    struct arena arena; /* holds this very object */
    struct xray *xray;
    struct event *soon, *slice;
    struct child *test; /* or what brings the file to the disk before */
    bool dirty;
    const char *trouble;

    /* the run under way */
    struct arena run;
    FILE *file; /* NULL: none is being written */
    struct xray_pieces pieces;
    size_t piece;  /* the one that is being written */
    size_t bucket; /* the next of the index; INDEX_BUCKETS: the users of the piece are written */
    bool comma;    /* before the next user */
    struct xray_config_done done;
    struct xray_config_placed run_of;
    usec_t rest; /* after the last one */
    void (*placed)(void *arg, struct xray_config_placed placed);
    void *placed_arg;
};

/* -- the end of a run ------------------------------------------------------------------ */

static void
end_run(struct xray_config *config)
{
    if (config->file != NULL)
        fclose(config->file);
    config->file = NULL;
    child_cancel(config->test);
    config->test = NULL;
    evtimer_del(config->slice);
    arena_reset(&config->run);
}

static void
wait_a_little(struct xray_config *config)
{
    usec_t pause = config->rest > SOON_MS * USEC_MS ? config->rest : SOON_MS * USEC_MS;
    const struct timeval soon = {pause / USEC_SEC, pause % USEC_SEC};

    if (!evtimer_pending(config->soon, NULL))
        evtimer_add(config->soon, &soon);
}

static void
finish(struct xray_config *config, enum xray_config_result result)
{
    static const char *const troubles[] = {
        [CONFIG_OK] = NULL,
        [CONFIG_REFUSED] = "Xray refuses the file, the old one stays",
        [CONFIG_FAILED] = "the file cannot be written or tested, the old one stays",
    };
    const struct xray_config_done done = config->done;

    end_run(config);
    config->rest = REST * (time_monotonic() - config->run_of.started_at);
    config->trouble = troubles[result];
    config->done = (struct xray_config_done){0};
    if (result != CONFIG_OK)
        log_error("component=xray file=" FILE_LIVE " detail=\"%s\"", config->trouble);
    if (config->dirty)
        wait_a_little(config);
    if (done.done != NULL)
        done.done(done.arg, result);
}

static bool
put_live(int root)
{
    return renameat(root, FILE_NEW, root, FILE_LIVE) == 0;
}

bool
xray_config_commit(struct xray_config *config, struct err *err)
{
    int root = component_root(config->xray->component);
    int folder = openat(root, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = folder >= 0 && put_live(root) && fsync(folder) == 0;

    if (folder >= 0)
        close(folder);
    return ok || err_say(err, ERR_INTERNAL, FILE_LIVE " cannot be replaced: %s.", strerror(errno));
}

/* Before the folder is on the disk the old file may come back, which is a whole one, too: the loop
 * need not wait for it. */
static void
put_in_place(void *arg, enum xray_config_result result)
{
    struct xray_config *config = arg;

    if (result != CONFIG_OK)
        return;
    if (!put_live(component_root(config->xray->component))) {
        config->trouble = "the file cannot be replaced";
        log_error("component=xray detail=\"%s: %s\"", config->trouble, strerror(errno));
    } else if (config->placed != NULL) {
        config->placed(config->placed_arg, config->run_of);
    }
}

/* -- the test -------------------------------------------------------------------------- */

/* Any other status is of an Xray that could not even read it, for want of memory or threads. */
static void
tested(void *arg, int status)
{
    struct xray_config *config = arg;

    config->test = NULL;
    if (status == REFUSES)
        finish(config, CONFIG_REFUSED);
    else
        finish(config, status == 0 ? CONFIG_OK : CONFIG_FAILED);
}

static void
test_file(struct xray_config *config)
{
    const struct settings *settings = config->xray->settings;
    const char *path = arena_printf(&config->run, "%s/" FILE_NEW, settings->agent_data_root);
    const char *const argv[] = {settings->agent_xray_bin, "run", "-test", "-c", path, NULL};
    struct err err;

    if (*settings->agent_xray_bin == '\0')
        finish(config, CONFIG_OK);
    else if (!child_start(config->xray->loop, argv, TEST_MS, (struct child_done){tested, config},
                 &config->test, &err))
        finish(config, CONFIG_FAILED);
    else
        child_step_back(config->test);
}

/* -- writing --------------------------------------------------------------------------- */

static void
write_user(struct xray_config *config, const struct xray_user *user)
{
    struct json_object *json = json_object_new_object();
    char uuid[UUID_SIZE];

    uuid_print(user->uuid, uuid);
    json_object_object_add(json, "id", json_object_new_string(uuid));
    json_object_object_add(json, "email", json_object_new_string(user->email));
    json_object_object_add(json, "level", json_object_new_int(0));
    json_object_object_add(
        json, "flow", json_object_new_string(flow_text((enum xray_flow)user->flow)));
    if (config->comma)
        fputc(',', config->file);
    fputs(json_text(json), config->file);
    json_object_put(json);
    config->comma = true;
}

static void
write_users(struct xray_config *config, enum xray_tag tag)
{
    size_t end = config->bucket + SLICE_BUCKETS;
    const struct credential *credential;

    for (; config->bucket < end && config->bucket < INDEX_BUCKETS; config->bucket++) {
        LIST_FOREACH(credential, &config->xray->index.credentials[config->bucket], by_id)
        {
            if (credential->tag == tag && credential->carriers != NULL)
                write_user(config, credential_wanted(credential));
        }
    }
}

/* A comma before the mark separates it from users of the base: it waits for the first of ours. */
static void
write_piece(struct xray_config *config, const struct xray_piece *piece)
{
    bool comma =
        piece->users != XRAY_TAGS && piece->size > 0 && piece->text[piece->size - 1] == ',';

    fwrite(piece->text, 1, piece->size - (comma ? 1 : 0), config->file);
    config->comma = comma;
    config->bucket = piece->users == XRAY_TAGS ? INDEX_BUCKETS : 0;
}

static void
synced(void *arg, int status)
{
    struct xray_config *config = arg;

    config->test = NULL;
    if (status == 0)
        test_file(config);
    else
        finish(config, CONFIG_FAILED);
}

/* On the disk by another process: a busy disk would stop the loop, and revocations with it. */
static void
sync_file(struct xray_config *config)
{
    const char *root = config->xray->settings->agent_data_root;
    const char *path = arena_printf(&config->run, "%s/" FILE_NEW, root);
    const char *const argv[] = {"sync", "--data", path, NULL};
    struct err err;

    if (!child_start(config->xray->loop, argv, TEST_MS, (struct child_done){synced, config},
            &config->test, &err))
        finish(config, CONFIG_FAILED);
}

static void
close_file(struct xray_config *config)
{
    bool ok = fflush(config->file) == 0 && !ferror(config->file);

    if (fclose(config->file) != 0)
        ok = false;
    config->file = NULL;
    if (ok)
        sync_file(config);
    else
        finish(config, CONFIG_FAILED);
}

static void
on_slice(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval at_once = {0, 0};
    struct xray_config *config = arg;
    const struct xray_pieces *pieces = &config->pieces;

    (void)fd, (void)what;
    if (config->bucket < INDEX_BUCKETS)
        write_users(config, pieces->at[config->piece].users);
    if (config->bucket == INDEX_BUCKETS && ++config->piece < pieces->count)
        write_piece(config, &pieces->at[config->piece]);
    if (config->piece == pieces->count)
        close_file(config);
    else
        evtimer_add(config->slice, &at_once);
}

static FILE *
open_file(int root)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;

    if ((mkdirat(root, "runtime", 0700) != 0 && errno != EEXIST) ||
        (mkdirat(root, FOLDER, 0700) != 0 && errno != EEXIST))
        return NULL;
    int fd = openat(root, FILE_NEW, flags, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL && fd >= 0)
        close(fd);
    return file;
}

static void
start(struct xray_config *config, const struct xray_base *base, struct xray_config_done done)
{
    static const struct timeval at_once = {0, 0};

    end_run(config);
    config->run_of = (struct xray_config_placed){time_monotonic(), config->xray->index.changes};
    config->dirty = false;
    config->done = done;
    if (!xray_pieces_cut(&config->pieces, base, config->xray->settings->agent_role, &config->run) ||
        (config->file = open_file(component_root(config->xray->component))) == NULL) {
        finish(config, CONFIG_FAILED);
        return;
    }
    config->piece = 0;
    write_piece(config, &config->pieces.at[0]);
    evtimer_add(config->slice, &at_once);
}

static bool
is_busy(const struct xray_config *config)
{
    return config->file != NULL || config->test != NULL;
}

static void
on_soon(evutil_socket_t fd, short what, void *arg)
{
    struct xray_config *config = arg;

    (void)fd, (void)what;
    if (is_busy(config) || config->xray->base.text == NULL)
        return; /* finish() begins again where something has changed since */
    start(config, &config->xray->base, (struct xray_config_done){put_in_place, config});
}

/* -- the object ------------------------------------------------------------------------ */

struct xray_config *
xray_config_new(struct xray *xray)
{
    struct arena arena = {0};
    struct xray_config *config = arena_alloc(&arena, sizeof(*config));

    config->arena = arena;
    config->xray = xray;
    config->soon = evtimer_new(xray->loop, on_soon, config);
    config->slice = evtimer_new(xray->loop, on_slice, config);
    return config;
}

void
xray_config_free(struct xray_config *config)
{
    if (config == NULL)
        return;
    end_run(config);
    event_free(config->soon);
    event_free(config->slice);
    struct arena arena = config->arena;
    arena_reset(&arena);
}

void
xray_config_watch(struct xray_config *config,
    void (*placed)(void *arg, struct xray_config_placed placed), void *arg)
{
    config->placed = placed;
    config->placed_arg = arg;
}

void
xray_config_touch(struct xray_config *config)
{
    config->dirty = true;
    wait_a_little(config);
}

void
xray_config_try(
    struct xray_config *config, const struct xray_base *base, struct xray_config_done done)
{
    start(config, base, done);
    config->dirty =
        true; /* the live file misses what a run that was broken off would have brought */
    wait_a_little(config);
}

const char *
xray_config_trouble(const struct xray_config *config)
{
    return config->trouble;
}
