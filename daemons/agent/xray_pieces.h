/* The base as text, cut where users belong: what stands before, between and behind them. */
#ifndef TG_AGENT_XRAY_PIECES_H
#define TG_AGENT_XRAY_PIECES_H

#include "agent/xray_base.h"

struct xray_piece {
    const char *text;
    size_t size;
    enum xray_tag users; /* that come behind it; XRAY_TAGS: none */
};

struct xray_pieces {
    struct xray_piece at[2 * XRAY_TAGS + 1];
    size_t count;
};

/* Where a node of this role has users of its own. The text lives in the arena. False: the base is
 * no JSON. */
bool xray_pieces_cut(struct xray_pieces *pieces, const struct xray_base *base, const char *role,
    struct arena *arena) MUST_CHECK;

#endif
