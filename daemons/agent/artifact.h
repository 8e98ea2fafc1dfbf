/*
 * The wishes as rows of the state: one per component and key, tombstones included. A row is
 * pending until its newest version was read back (done_ver = ver) or rejected (code).
 *
 * All writes are within a transaction of the state.
 */
#ifndef TG_AGENT_ARTIFACT_H
#define TG_AGENT_ARTIFACT_H

#include "agent/state.h"
#include "agent/wish.h"
#include "base/arena.h"
#include "base/time.h"

enum {
    PENDING_SLICE = 64,
    REJECTIONS_MAX = 256
};

struct artifact {
    struct wish wish;
    int64_t done_ver; /* 0: none */
    int64_t since;    /* the generation from which on it is not known to be right */
    int64_t fails, max_attempts;
    usec_t came_at; /* by time_now() */
};

/* From a batch or a snapshot. */
struct change {
    const char *component, *key;
    int64_t ver, gen;
    const char *payload; /* NULL: the key is gone */
    size_t payload_size;
    int64_t max_attempts;
    const char *code; /* rejected from the start, or NULL */
    int64_t seen;     /* the snapshot that names it */
    bool any_version; /* take a lower one, too: it is of another epoch */
};

/* Where to go on among the pending rows. */
struct place {
    int64_t since;
    bool removed;
    char key[KEY_MAX + 1];
};

typedef void artifact_visit(void *object, const struct artifact *artifact);

/* A lower version is left out, silently: what is there is newer. */
bool artifact_put(struct state *state, const struct change *change, struct err *err) MUST_CHECK;

/* In the arena; *artifact is zero when there is no such row. */
bool artifact_find(struct state *state, const char *component, const char *key, struct arena *arena,
    struct artifact *artifact, struct err *err) MUST_CHECK;

struct rejection {
    const char *aggregate_id;
    int64_t ver;
    const char *code, *detail;
};

struct standing {
    bool settled;               /* waits for nothing: read back, rejected or not there at all */
    struct rejection rejection; /* code NULL: none */
};

/* The texts are in the arena. */
bool artifact_standing(struct state *state, const char *component, const char *key,
    struct arena *arena, struct standing *standing, struct err *err) MUST_CHECK;

struct page {
    const char *after; /* a key, or "" */
    int64_t limit;     /* -1: none */
};

/* Not removed, by key. */
bool artifact_page(struct state *state, const char *component, const struct page *page,
    artifact_visit *visit, void *object, struct err *err) MUST_CHECK;

/* At most PENDING_SLICE pending ones after *place: oldest first, of equal age additions first. */
bool artifact_pending(struct state *state, const char *component, const struct place *place,
    artifact_visit *visit, void *object, struct err *err) MUST_CHECK;

/* The least `since` of the pending ones; INT64_MAX when there are none. */
bool artifact_oldest(
    struct state *state, const char *component, int64_t *since, struct err *err) MUST_CHECK;
struct artifact_counts {
    int64_t pending, kept;
};
bool artifact_count(struct state *state, const char *component, struct artifact_counts *counts,
    struct err *err) MUST_CHECK;

/* Marks, each only when the version is still that one. */
bool artifact_done(struct state *state, const char *component, const char *key, int64_t ver,
    struct err *err) MUST_CHECK;
bool artifact_failed(struct state *state, const char *component, const char *key, int64_t ver,
    const char *detail, struct err *err) MUST_CHECK;
bool artifact_reject(struct state *state, const char *component, const struct rejection *rejection,
    struct err *err) MUST_CHECK;

struct rejections {
    struct rejection *at;
    size_t count;
};
/* In the arena: those of the component, at most REJECTIONS_MAX. */
bool artifact_rejections(struct state *state, const char *component, struct arena *arena,
    struct rejections *list, struct err *err) MUST_CHECK;

/* The gateway does not have it as wished: pending again, from generation `since` on. */
bool artifact_differs(struct state *state, const char *component, const char *key, int64_t since,
    struct err *err) MUST_CHECK;

/* What was rejected because nobody ran the component becomes pending; what snapshot number `seen`
 * did not name becomes a tombstone of generation `gen`; generations of another epoch mean nothing
 * any more. */
bool artifact_adopt(struct state *state, const char *component, struct err *err) MUST_CHECK;
bool artifact_absent(struct state *state, int64_t seen, int64_t gen, struct err *err) MUST_CHECK;
bool artifact_forget_generations(struct state *state, struct err *err) MUST_CHECK;

#endif
