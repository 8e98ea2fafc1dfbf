/*
 * A component makes one gateway match what is wished of it. The core owns the wishes (on disk), the
 * queue, retries and the converged generation; a component owns the talk with its gateway.
 *
 *     open ── component_up(boot) ──► compare ── component_compared() ──► apply … ──► sweep ──┐
 *      ▲                               ▲                                                     │
 *      └─ component_down(error) ◄──────┴── new boot, a failure, every minute ◄── apply … ◄───┘
 *
 * One thread, one event loop: nothing here may block, every answer may come within the call or in
 * a later turn. Nothing is handed out before the first comparison since the gateway came up, or
 * since a snapshot, has ended; from then on new wishes come at any time, during compare and sweep
 * too, since a revocation waits for nobody, but what a comparison finds comes after it. What a wish
 * has touched since a comparison began is known better by its read-back than by the comparison.
 * Neither of them nor apply is called while the state is empty (boot: empty: no snapshot yet, so
 * nothing may be removed or written) or the component is down. Adds come before removals. The
 * converged generation stands still from component_up() with another boot (or component_down())
 * until a comparison and its sweep have ended.
 */
#ifndef TG_AGENT_COMPONENT_H
#define TG_AGENT_COMPONENT_H

#include "agent/component_type.h"
#include "base/arena.h"
#include "settings/settings.h"

struct event_base;
struct metrics;

/* -- reports: the gateway -- */

/* It answers. `boot` names its run: another one than last time means that it may have lost all,
 * and what is in work is handed out again. Also wakes a retry: calling it again is harmless. */
void component_up(struct component *component, const char *boot);

/* It does not. All tickets are void, none of them counts as failed. */
void component_down(struct component *component, const char *error);

/* Something may differ: compare soon (after a broken call, say). */
void component_suspect(struct component *component);

/* What has failed may succeed now: its pauses end. */
void component_retry(struct component *component);

void component_same(struct component *component, const char *key, int64_t ver);
void component_differs(struct component *component, const char *key);
void component_compared(struct component *component);
void component_swept(struct component *component, int64_t removed);

/* -- reports: one ticket ------------------------------------------------------------------- */

/* Read back as wished: a waiting batch may be answered and another key handed out. The converged
 * generation still waits for component_done(): live sessions are being cut. When the key's next
 * wish is handed out meanwhile, that one's done must also wait for this cutting. */
void component_applied(struct component *component, ticket_t ticket);

/* Read back, and nothing is left to do. */
void component_done(struct component *component, ticket_t ticket);

/* Taken by the gateway, but not read back: the next comparison proves it, which comes when all has
 * been handed out. Only while component_is_pressed(). */
void component_unproven(struct component *component, ticket_t ticket);

/* Tried again later, with growing pauses, at most max_attempts times; then rejected. */
void component_failed(struct component *component, ticket_t ticket, const char *detail);

/* Can never succeed. `code` is snake_case; `detail` without a secret. */
void component_rejected(
    struct component *component, ticket_t ticket, const char *code, const char *detail);

/* -- questions ----------------------------------------------------------------------------- */

/* The wish for a key as it is now, in the arena; false when there is none. */
bool component_find(
    struct component *component, const char *key, struct arena *arena, struct wish *wish);

/* All wishes that are not removed, by key, from one consistent view. Not to be nested; reports may
 * be called within. False when the state cannot be read. */
bool component_each(struct component *component,
    void (*visit)(void *object, const struct wish *wish), void *object) MUST_CHECK;

/* The next of them behind the key `after` ("" to begin), at most `limit`. */
bool component_page(struct component *component, const char *after, int64_t limit,
    void (*visit)(void *object, const struct wish *wish), void *object) MUST_CHECK;

bool component_is_empty(const struct component *component); /* boot: empty */

/* More wishes are going to be handed out in the next turns: handed_out() tells the end of it. */
bool component_more_comes(const struct component *component);

/* So many wishes wait that one comparison of all costs less than reading back each. */
bool component_is_pressed(const struct component *component);

void component_set_self(struct component *component, void *self);
void *component_self(const struct component *component);
struct component *component_peer(const struct component *component, const char *name); /* or NULL */
struct event_base *component_base(const struct component *component);
const struct settings *component_settings(const struct component *component);
int component_root(const struct component *component); /* AGENT_DATA_ROOT, for openat() */
struct metrics *component_metrics(const struct component *component);

#endif
