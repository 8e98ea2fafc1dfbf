/* Whom Prometheus is to ask besides us: the active nodes, in the form of its HTTP discovery. */
#ifndef TG_DOMAIN_SCRAPE_H
#define TG_DOMAIN_SCRAPE_H

#include "domain/turn.h"

struct scrape_labels {
    const char *node;
    const char *role;
    const char *scheme; /* called __scheme__ */
};

struct scrape_target {
    struct list targets; /* const char *: one address with its port */
    const struct scrape_labels *labels;
};

extern const struct schema scrape_target_schema;

/* struct scrape_target each, oldest node first. */
bool scrape_targets(const struct turn *turn, struct list *targets, struct err *err) MUST_CHECK;

#endif
