/*
 * What dispatcher and agent say to each other: delivery.md 5, and here what that page leaves open.
 * Every request carries `x-agent-token`; every body and answer is JSON.
 *
 * POST /v1/events
 *   - events are in the order of gen; each key occurs once, with from < gen <= to
 *   - `from` at or below desired_gen: accepted, whatever is known already is refused by its version
 *     in silence; `from` above it: 409 gap. An answer's desired_gen is max(desired_gen, to)
 *   - `token` below max_token: 409 fenced; a higher one becomes max_token, in the transaction that
 *     commits the batch. Checked in this order: epoch, fenced, need_snapshot (boot: empty), gap
 *   - an empty `events` with from < to is a batch like any other
 *   - with `repair: true` events have neither gen nor idempotency_key
 *   - a payload is an object, or null for a removal
 *
 * GET /v1/state?after=GEN&wait_ms=MS
 *   - comes as soon as a component that stood at or below GEN when the request came stands above
 *     it; at once when none stands at or below it; else after MS
 *   - has `rejected` as the answer to events has, with all keys that are rejected now (256 at
 * most): so a rejection that came after its batch's answer is heard of, too
 *   - with `boot: empty` epoch is null
 *
 * POST /v1/snapshots/{id}/parts/{n}
 *   - id: 32 hex digits. Events as in a repair, keys in any order, none twice. At least one part,
 *     which may have no events
 *   - a token below max_token: 409 fenced. A part is taken in any epoch, since a snapshot is what
 *     begins one; it must be the epoch of its commit
 *
 * POST /v1/snapshots/{id}/commit
 *   - desired_gen becomes gen, epoch the body's, max_token the body's token. In the same epoch a
 *     key keeps what it has where its version is higher; in another everything is replaced
 *   - repeated after its answer was lost (the same id, already committed): 200 again, nothing done
 *
 * A 409 always has desired_gen and max_token.
 */
#ifndef TG_DISPATCHER_PROTOCOL_H
#define TG_DISPATCHER_PROTOCOL_H

#include <stddef.h>

enum component_number {
    COMPONENT_XRAY,
    COMPONENT_HYSTERIA,
    COMPONENT_WIREGUARD,
    COMPONENT_BUNDLE,
    COMPONENTS
};

extern const char *const component_names[];

/* The number of a component; COMPONENTS for a name that is none. */
size_t component_find(const char *name);

#endif
