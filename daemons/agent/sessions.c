#include "agent/sessions.h"

#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "base/arena.h"

enum {
    BUCKETS = 4096 /* a power of two; 10,000 connections make chains of two or three */
};

struct session {
    LIST_ENTRY(session) by_marker, by_cookie;
    TAILQ_ENTRY(session) entry; /* of the live ones, the ended ones or the free ones */
    struct sock_pair pair;
    uint64_t cookie;
    bool stored; /* as it is now */
    char marker[SESSION_MARKER_SIZE];
};

LIST_HEAD(bucket, session);
TAILQ_HEAD(queue, session);

struct sessions {
    struct arena arena; /* holds this very object and every session ever made */
    struct sockets *sockets;
    struct bucket markers[BUCKETS], cookies[BUCKETS];
    struct queue live, ended, free; /* live: the one looked up longest ago first */
    size_t count;
    bool changed; /* since sessions_store() */
};

struct sessions *
sessions_new(struct sockets *sockets)
{
    struct arena arena = {0};
    struct sessions *sessions = arena_alloc(&arena, sizeof(*sessions));

    sessions->arena = arena;
    sessions->sockets = sockets;
    TAILQ_INIT(&sessions->live);
    TAILQ_INIT(&sessions->ended);
    TAILQ_INIT(&sessions->free);
    return sessions;
}

void
sessions_free(struct sessions *sessions)
{
    if (sessions == NULL)
        return;
    struct arena arena = sessions->arena;
    arena_reset(&arena);
}

/* -- finding --------------------------------------------------------------------------- */

static struct bucket *
marker_bucket(struct sessions *sessions, const char *marker)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (; *marker != '\0'; marker++)
        hash = (hash ^ (uint8_t)*marker) * 16777619U;
    return &sessions->markers[(hash ^ hash >> 16) % BUCKETS];
}

static struct session *
find(const struct sessions *sessions, uint64_t cookie)
{
    struct session *session;

    LIST_FOREACH(session, &sessions->cookies[cookie % BUCKETS], by_cookie)
    {
        if (session->cookie == cookie)
            return session;
    }
    return NULL;
}

const char *
sessions_owner(const struct sessions *sessions, uint64_t cookie)
{
    const struct session *session = find(sessions, cookie);

    return session != NULL ? session->marker : NULL;
}

size_t
sessions_count(const struct sessions *sessions)
{
    return sessions->count;
}

/* -- life and death -------------------------------------------------------------------- */

static struct session *
session_take(struct sessions *sessions)
{
    struct session *session = TAILQ_FIRST(&sessions->free);

    if (session == NULL)
        return arena_alloc(&sessions->arena, sizeof(*session));
    TAILQ_REMOVE(&sessions->free, session, entry);
    return session;
}

static void
set_marker(struct sessions *sessions, struct session *session, const char *marker)
{
    snprintf(session->marker, sizeof(session->marker), "%s", marker);
    LIST_INSERT_HEAD(marker_bucket(sessions, marker), session, by_marker);
    sessions->changed = true;
}

static void
change_marker(struct sessions *sessions, struct session *session, const char *marker)
{
    LIST_REMOVE(session, by_marker);
    set_marker(sessions, session, marker);
    session->stored = false; /* the new row replaces the old one: the cookie is its key */
}

static struct session *
add(struct sessions *sessions, const char *marker, const struct sock_pair *pair, uint64_t cookie)
{
    struct session *session = session_take(sessions);

    session->pair = *pair;
    session->cookie = cookie;
    session->stored = false;
    set_marker(sessions, session, marker);
    LIST_INSERT_HEAD(&sessions->cookies[cookie % BUCKETS], session, by_cookie);
    TAILQ_INSERT_TAIL(&sessions->live, session, entry);
    sessions->count++;
    return session;
}

void
sessions_add(
    struct sessions *sessions, const char *marker, const struct sock_pair *pair, uint64_t cookie)
{
    struct session *known = find(sessions, cookie);

    if (known == NULL)
        add(sessions, marker, pair, cookie);
    else if (strcmp(known->marker, marker) != 0)
        change_marker(sessions, known, marker);
}

static void
forget(struct sessions *sessions, struct session *session)
{
    LIST_REMOVE(session, by_marker);
    LIST_REMOVE(session, by_cookie);
    TAILQ_REMOVE(&sessions->live, session, entry);
    sessions->count--;
    TAILQ_INSERT_TAIL(&sessions->ended, session, entry);
    sessions->changed = true;
}

/* -- cutting --------------------------------------------------------------------------- */

static void
cut(struct sessions *sessions, struct session *session, struct session_cut *result)
{
    switch (sockets_destroy(sessions->sockets, &session->pair, session->cookie)) {
    case SOCK_DONE:
        result->cut++;
        forget(sessions, session);
        return;
    case SOCK_GONE:
        result->gone++;
        forget(sessions, session);
        return;
    case SOCK_DENIED:
    case SOCK_UNSUPPORTED:
    case SOCK_FAILED:
        result->failed++;
        return;
    }
}

struct session_cut
sessions_cut(struct sessions *sessions, const char *marker)
{
    struct session_cut result = {0};
    struct session *next;

    for (struct session *session = LIST_FIRST(marker_bucket(sessions, marker)); session != NULL;
         session = next) {
        next = LIST_NEXT(session, by_marker);
        if (strcmp(session->marker, marker) == 0)
            cut(sessions, session, &result);
    }
    return result;
}

void
sessions_rename(struct sessions *sessions, const char *from, const char *to)
{
    struct session *next;

    for (struct session *session = LIST_FIRST(marker_bucket(sessions, from)); session != NULL;
         session = next) {
        next = LIST_NEXT(session, by_marker);
        if (strcmp(session->marker, from) == 0)
            change_marker(sessions, session, to);
    }
}

void
sessions_sweep(struct sessions *sessions, size_t limit)
{
    uint64_t cookie;

    if (limit > sessions->count)
        limit = sessions->count;
    for (; limit > 0; limit--) {
        struct session *session = TAILQ_FIRST(&sessions->live);
        enum sock_result result = sockets_find(sessions->sockets, &session->pair, &cookie);
        if (result == SOCK_GONE || (result == SOCK_DONE && cookie != session->cookie)) {
            forget(sessions, session);
            continue;
        }
        TAILQ_REMOVE(&sessions->live, session, entry);
        TAILQ_INSERT_TAIL(&sessions->live, session, entry);
    }
}

void
sessions_each(struct sessions *sessions, void (*visit)(void *arg, const char *marker), void *arg)
{
    char marker[SESSION_MARKER_SIZE];
    size_t count = sessions->count;

    /* The first goes to the end before its visit, which may forget any of them. */
    for (; count > 0 && !TAILQ_EMPTY(&sessions->live); count--) {
        struct session *session = TAILQ_FIRST(&sessions->live);
        TAILQ_REMOVE(&sessions->live, session, entry);
        TAILQ_INSERT_TAIL(&sessions->live, session, entry);
        memcpy(marker, session->marker, sizeof(marker));
        visit(arg, marker);
    }
}

/* -- the state ------------------------------------------------------------------------- */

static bool
store_live(struct state *state, struct session *session, struct err *err)
{
    char local[SOCK_END_SIZE], remote[SOCK_END_SIZE];

    if (session->stored)
        return true;
    sock_end_write(&session->pair.local, local);
    sock_end_write(&session->pair.remote, remote);
    const struct sql_arg args[] = {sql_int((int64_t)session->cookie), sql_text(session->marker),
        sql_text(local), sql_text(remote), SQL_END};
    session->stored = true;
    return sql_run(&state->sql, SQL_SOCKET_PUT, args, err);
}

static bool
drop_ended(struct sessions *sessions, struct state *state, struct err *err)
{
    struct session *session;

    while ((session = TAILQ_FIRST(&sessions->ended)) != NULL) {
        const struct sql_arg args[] = {sql_int((int64_t)session->cookie), SQL_END};
        if (!sql_run(&state->sql, SQL_SOCKET_DROP, args, err))
            return false;
        TAILQ_REMOVE(&sessions->ended, session, entry);
        TAILQ_INSERT_HEAD(&sessions->free, session, entry);
    }
    return true;
}

/* A failure leaves a row unwritten or undeleted: it is looked up before it is believed. */
bool
sessions_store(struct sessions *sessions, struct state *state, struct err *err)
{
    struct session *session;

    if (!sessions->changed)
        return true;
    if (!state_begin(state, LAZY, err) || !drop_ended(sessions, state, err))
        return false;
    TAILQ_FOREACH(session, &sessions->live, entry)
    {
        if (!store_live(state, session, err))
            return false;
    }
    sessions->changed = false;
    return true;
}

static void
load_row(struct sessions *sessions, sqlite3_stmt *rows)
{
    const char *marker = (const char *)sqlite3_column_text(rows, 1);
    const char *local = (const char *)sqlite3_column_text(rows, 2);
    const char *remote = (const char *)sqlite3_column_text(rows, 3);
    struct sock_pair pair;

    if (marker == NULL || strlen(marker) >= SESSION_MARKER_SIZE || local == NULL ||
        remote == NULL || !sock_end_read(local, &pair.local) ||
        !sock_end_read(remote, &pair.remote))
        return;
    add(sessions, marker, &pair, (uint64_t)sqlite3_column_int64(rows, 0))->stored = true;
}

bool
sessions_load(struct sessions *sessions, struct state *state, struct err *err)
{
    sqlite3_stmt *rows =
        sql_open(&state->sql, SQL_SOCKET_EACH, &(const struct sql_arg){SQL_ARG_END, 0, NULL});

    while (sql_next(&state->sql, rows))
        load_row(sessions, rows);
    if (!sql_done(&state->sql, err))
        return false;
    sessions_sweep(sessions, sessions->count);
    return true;
}
