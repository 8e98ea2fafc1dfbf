/*
 * runtime/xray/config.json: the base with everyone in it, so that a restarted Xray starts with all
 * its users. It is written in slices of the loop, tested by `xray run -test` where AGENT_XRAY_BIN
 * names it, and only then takes the old one's place. Without a base nothing is written.
 */
#ifndef TG_AGENT_XRAY_CONFIG_H
#define TG_AGENT_XRAY_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

struct xray;
struct xray_base;
struct xray_config;

enum xray_config_result {
    CONFIG_OK,
    CONFIG_REFUSED, /* Xray does not take it */
    CONFIG_FAILED   /* it could not be written or tested */
};

struct xray_config_done {
    void (*done)(void *arg, enum xray_config_result result);
    void *arg;
};

/* A file that has taken the live one's place. */
struct xray_config_placed {
    usec_t started_at; /* when its writing began */
    uint64_t changes;  /* the index's then */
};

/* Called each time that what xray_config_touch() asked for is in its place. */
void xray_config_watch(struct xray_config *config,
    void (*placed)(void *arg, struct xray_config_placed placed), void *arg);

struct xray_config *xray_config_new(struct xray *xray);
void xray_config_free(struct xray_config *config); /* NULL is ignored */

/* Who is wished has changed: write within a second or two; where there are so many users that
 * writing and testing takes long, it takes no more than a quarter of the time. */
void xray_config_touch(struct xray_config *config);

/* Write and test a file with another base, instead of what is under way. The base must live until
 * the answer. The file is kept beside the old one; xray_config_commit() puts it in its place. */
void xray_config_try(
    struct xray_config *config, const struct xray_base *base, struct xray_config_done done);
bool xray_config_commit(struct xray_config *config, struct err *err) MUST_CHECK;

/* NULL: the last file was taken, or none was written yet. */
const char *xray_config_trouble(const struct xray_config *config);

#endif
