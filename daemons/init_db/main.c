/*
 * tracegate-init-db: brings a database to this release and makes what an installation needs. May be
 * run again at any time, and by several at once: one waits for the other.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "base/uuid.h"
#include "crypto/base64.h"
#include "crypto/hmac.h"
#include "db/migrate.h"
#include "init_db/adopt.h"
#include "init_db/check.h"
#include "init_db/folder.h"
#include "schema/write.h"
#include "settings/settings.h"
#include "store/installation.h"

enum {
    EXIT_INSTALLATION = 3, /* the database is another program's, untouched */
    EXIT_ODD = 4,          /* --check has found something */
    LIMIT_MS = 60000, /* of a statement: nobody waits for an answer, and partitions take long */
    LOOK_MS = 3600000 /* of one that looks through millions of rows */
};

#define WAIT_USEC      (120 * USEC_SEC)
#define WAIT_STEP_USEC (250 * USEC_MS)

static const char usage_text[] =
    "usage: tracegate-init-db [-n] [--sql FOLDER]\n"
    "           [--adopt | --check | --wait | --agent-token NAME]\n"
    "\n"
    "Brings the database to this release: applies the migrations that it lacks, promotes\n"
    "the superadmins, makes the address pool and the partitions. May be run again at any\n"
    "time, after it was killed too, and by several at once: one waits for the other.\n"
    "\n"
    "  --adopt              take over the database of an earlier program. Without it such a\n"
    "                       database is left alone, and what would be done is printed.\n"
    "                       Make a backup first: there is no other way back\n"
    "  --check              print what is odd in the database, with table and id, and change\n"
    "                       nothing; before or after an adoption\n"
    "  --sql FOLDER         where the migrations are (../share/tracegate/sql or ../share/sql\n"
    "                       beside the program)\n"
    "  --wait               do nothing but wait, 2 minutes at most, until another has done it\n"
    "  --agent-token NAME   print the token of the node NAME, and do nothing else\n"
    "  -n                   check the settings, and do nothing else\n"
    "\n"
    "Exit: 0 done, 1 failed, 3 an earlier program's database was found and not touched,\n"
    "4 --check has found something, 64 wrong usage, 78 wrong settings.\n"
    "\n";

struct job {
    const char *sql;        /* NULL: where they are found */
    const char *agent_name; /* NULL: not asked for */
    bool adopt, check, wait;
    bool settings_only;
    size_t odd; /* what --check has found */
};

/* -- migrations ---------------------------------------------------------------------------- */

static void
report(const struct migrate_step *step)
{
    if (step->migration == NULL)
        log_info("waiting=lock seconds=%lld detail=\"another tracegate-init-db is at work\"",
            (long long)step->seconds);
    else
        log_info("migration=%s step=%zu/%zu seconds=%lld%s", step->migration->name, step->place,
            step->count, (long long)step->seconds, step->done ? "" : " detail=\"still at work\"");
}

static void
look_init(struct db *db, const char *conninfo, struct arena *arena)
{
    db_init(db, conninfo);
    db->statement_ms = db->lock_ms = LOOK_MS;
    db_turn(db, arena);
}

/* All of it under the lock: an adoption, too, is done once. */
static bool
migrate(const struct job *job, const char *conninfo, struct arena *arena, struct err *err)
{
    struct migrator migrator;
    struct db db;

    look_init(&db, conninfo, arena);
    bool done = migrate_open(&migrator, conninfo, job->sql, report, arena, err) &&
        adopt(&migrator, &db, job->adopt, err) && migrate_apply(&migrator, err);
    db_free(&db);
    migrate_close(&migrator);
    return done;
}

/* -- what an installation has -------------------------------------------------------------- */

static const char *
id_make(struct arena *arena)
{
    char *id = arena_alloc(arena, UUID_SIZE);

    uuid_make(id);
    return id;
}

static const char *
superadmins(const struct settings *settings, struct arena *arena)
{
    static const struct field id = {.type = FIELD_INT, .min = 1, .max = INT64_MAX};
    static const struct field fields[] = {
        F_LIST(struct settings, superadmin_telegram_ids, F_OPTIONAL, &id, 0)};
    static const struct schema schema = SCHEMA(struct settings, fields);

    return write_field(&schema, 0, settings, arena);
}

/* The epoch is the mark of being done, so it comes last. */
static bool
install(const struct settings *settings, struct arena *arena, struct err *err)
{
    struct db db;
    int64_t promoted = 0;
    bool is_new;

    db_init(&db, settings->database_url);
    db.statement_ms = db.lock_ms = LIMIT_MS;
    db_turn(&db, arena);
    bool done = installation_superadmins(&db, superadmins(settings, arena), &promoted, err) &&
        installation_pool(&db, id_make(arena), err) && installation_partitions(&db, err) &&
        installation_is_new(&db, &is_new, err) && adopt_tokens(&db, is_new, err) &&
        installation_incarnation(&db, id_make(arena), err);
    if (promoted > 0)
        log_info("superadmins=%lld detail=\"promoted\"", (long long)promoted);
    db_free(&db);
    return done;
}

static bool
find_odd(struct job *job, const char *conninfo, struct arena *arena, struct err *err)
{
    struct db db;

    look_init(&db, conninfo, arena);
    bool done = check(&db, &job->odd, err);
    db_free(&db);
    return done;
}

/* The database may not even answer yet: every failure is a reason to look again. */
static bool
wait_for_schema(const char *conninfo, const char *folder, struct arena *arena, struct err *err)
{
    usec_t deadline = time_monotonic() + WAIT_USEC;
    struct list files;

    if (!migrate_read(folder, arena, &files, err))
        return false;
    while (!migrate_is_current(conninfo, &files, err)) {
        if (time_monotonic() > deadline)
            return false;
        usleep(WAIT_STEP_USEC);
    }
    return true;
}

/* base64url(HMAC-SHA256(master, "node:" + name)), or the master itself for old installations. */
static bool
print_agent_token(
    const struct settings *settings, const char *name, struct arena *arena, struct err *err)
{
    const char *master = settings->agent_auth_token;
    const char *text = arena_printf(arena, "node:%s", name);
    unsigned char mac[HMAC_SHA256_BYTES];
    char token[BASE64_URL_SIZE(HMAC_SHA256_BYTES)];

    if (*master == '\0')
        return err_say(err, ERR_SETTINGS, "AGENT_AUTH_TOKEN: is required for a node's token");
    hmac_sha256(master, strlen(master), text, strlen(text), mac);
    base64_write(BASE64_URL, mac, sizeof(mac), token);
    return puts(settings->agent_token_mode == TOKEN_SHARED ? master : token) >= 0 ||
        err_set(err, ERR_INTERNAL);
}

static bool
run(struct job *job, const struct settings *settings, struct arena *arena, struct err *err)
{
    if (job->settings_only)
        return true;
    if (job->agent_name != NULL)
        return print_agent_token(settings, job->agent_name, arena, err);
    if (job->check)
        return find_odd(job, settings->database_url, arena, err);
    if (job->sql == NULL && !folder_find(arena, &job->sql, err))
        return false;
    if (job->wait)
        return wait_for_schema(settings->database_url, job->sql, arena, err);
    return migrate(job, settings->database_url, arena, err) && install(settings, arena, err);
}

static int
status_of(enum err_code code)
{
    switch ((int)code) {
    case ERR_INSTALLATION:
        return EXIT_INSTALLATION;
    case ERR_SETTINGS:
        return EX_CONFIG;
    default:
        return EXIT_FAILURE;
    }
}

static int
main_with(struct job *job, struct arena *arena)
{
    struct settings settings;
    const char *faults;
    struct err err;

    if (!settings_load(&settings, PROGRAM_INIT_DB, arena, &faults)) {
        fprintf(stderr, "%s\n", faults);
        return EX_CONFIG;
    }
    if (run(job, &settings, arena, &err))
        return job->odd > 0 ? EXIT_ODD : EXIT_SUCCESS;
    fflush(stdout);
    log_error("code=%s detail=\"%s\"", err_kinds[err.code].code, err.detail);
    return status_of(err.code);
}

static int
help(void)
{
    fputs(usage_text, stdout);
    settings_help(PROGRAM_INIT_DB);
    return EXIT_SUCCESS;
}

static void
take_option(struct job *job, int option)
{
    job->settings_only = job->settings_only || option == 'n';
    job->adopt = job->adopt || option == 'p';
    job->check = job->check || option == 'c';
    job->wait = job->wait || option == 'w';
    job->sql = option == 's' ? optarg : job->sql;
    job->agent_name = option == 'a' ? optarg : job->agent_name;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
        {"adopt", no_argument, NULL, 'p'}, {"check", no_argument, NULL, 'c'},
        {"sql", required_argument, NULL, 's'}, {"wait", no_argument, NULL, 'w'},
        {"agent-token", required_argument, NULL, 'a'}, {NULL, 0, NULL, 0}};
    struct job job = {0};
    struct arena arena = {0};

    for (int option; (option = getopt_long(argc, argv, "n", options, NULL)) != -1;) {
        if (option == 'h')
            return help();
        if (option == '?')
            return EX_USAGE;
        take_option(&job, option);
    }
    if (optind != argc || job.adopt + job.check + job.wait + (job.agent_name != NULL) > 1) {
        fputs(usage_text, stderr);
        return EX_USAGE;
    }
    int status = main_with(&job, &arena);
    arena_reset(&arena);
    return status;
}
