/* What a kind of component is: the calls that the core makes (component.h). */
#ifndef TG_AGENT_COMPONENT_TYPE_H
#define TG_AGENT_COMPONENT_TYPE_H

#include "agent/wish.h"
#include "base/err.h"

struct component; /* the core's side: what a component calls */

/* One handing-out. A report that cites an older one is ignored. */
typedef uint64_t ticket_t;

/* A row of GET /v1/health. Nothing may block: look at what is known already. */
struct check {
    const char *name;
    const char *role; /* NULL: both */
    bool (*run)(const struct component *component, char *details, size_t size);
};

struct component_type {
    const char *name;
    unsigned window; /* keys in work at once */

    /* Make self (component_set_self), timers and connections. False ends the agent. */
    bool (*open)(struct component *component, struct err *err) MUST_CHECK;

    /* Look at all that the gateway has. For every wish (component_each) say component_same() or
     * component_differs(); remember what nobody wished, for sweep. Then component_compared(). */
    void (*compare)(struct component *component);

    /* Make the gateway match this wish and read it back, then report once with the ticket. What
     * the key had before is not told: the component knows what its gateway holds. */
    void (*apply)(struct component *component, const struct wish *wish, ticket_t ticket);

    /* Remove what the comparison found, is still not wished and is on no allow-list; read back,
     * then component_swept(). NULL: nothing can be foreign. */
    void (*sweep)(struct component *component);

    /* End: no call into the core after it. Also when open failed half-way. */
    void (*close)(struct component *component);

    /* For now no more comes: what waits to be done together can be done. May be NULL. */
    void (*handed_out)(struct component *component);

    /* Another component's gateway answers, from a new run. May be NULL. */
    void (*peer_up)(struct component *component);

    const struct check *checks;
    size_t check_count;
};

#endif
