/*
 * Inside lib/metrics: series in a file that other processes read. One process writes: it appends
 * records, then moves `used`, and changes cells with plain atomic stores. A reader needs no lock
 * and knows nothing of the program: each record says what it is.
 */
#ifndef TG_METRICS_REGION_H
#define TG_METRICS_REGION_H

#include "metrics/series.h"

enum {
    REGION_MAGIC = 0x7467306d, /* of the layout */
    REGION_BYTES = 1 << 20,    /* of a file; what is not used takes no room */
    BOUNDS_MAX = 32
};

struct region {
    uint32_t magic;
    uint32_t release; /* a hash of it */
    _Atomic uint64_t used;
    unsigned char data[]; /* records, one after another */
};

/* Then the bounds; then the texts, each with its end: name, help, names of labels, their values. */
struct record {
    uint32_t size; /* of all of it, a multiple of 8 */
    uint8_t type;  /* enum metric_type */
    uint8_t label_count, bound_count;
    _Atomic bool shown;
    _Atomic double cells[]; /* of this many: cells_of() */
};

/* The record of a series, found or appended; NULL when there is no room. */
struct record *region_series(struct region *region, const struct metric *metric,
    const char *const values[METRIC_LABELS_MAX]);

/* Take over what the process before has left, but for its gauges; or begin anew when that is
 * damaged or of another release. */
void region_open(struct region *region, uint32_t release);

/* Adds all series to `sum`; gauges only of a process that is alive. Nothing of a damaged region
 * beyond the damage. */
void region_read(const struct region *region, bool alive, struct metrics *sum);

#endif
