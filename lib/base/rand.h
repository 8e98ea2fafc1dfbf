/* Random bytes from the kernel, good enough for keys. */
#ifndef TG_BASE_RAND_H
#define TG_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *data, size_t size);

/* Uniform in [0, limit); 0 for a limit of 0. */
uint64_t rand_below(uint64_t limit);

#endif
