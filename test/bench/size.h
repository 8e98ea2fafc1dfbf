/* Inside the benchmark of size: what is read, and with what. */
#ifndef TG_BENCH_SIZE_H
#define TG_BENCH_SIZE_H

#include "db/db.h"

struct bench {
    struct db db;
    struct arena arena;
    struct err err;
    int64_t users;
    int64_t user; /* of this run */
    size_t rows;  /* that this run has read */
};

struct read {
    const char *title;
    bool (*run)(struct bench *bench);
};

extern const struct read reads[];
extern const size_t reads_count;

#endif
