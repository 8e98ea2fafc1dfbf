/*
 * Offers: what a device could get now, and why not the rest. Nothing is locked or promised: who
 * asks for an offer may still be told that it is gone.
 */
#ifndef TG_DOMAIN_OFFERS_H
#define TG_DOMAIN_OFFERS_H

#include "domain/turn.h"

struct offer {
    int protocol, mode, variant;
    bool available;
    const char *code; /* of the error that asking for it would be; NULL: it is available */
    bool recommended; /* one of them at most */
};

extern const struct schema offer_schema;

/* struct offer, for every combination, the recommended ones first. ERR_DEVICE_NOT_FOUND. */
bool offers_of_device(const struct turn *turn, const char *device_id, struct list *offers,
    struct err *err) MUST_CHECK;

#endif
