/* What libFuzzer calls, and how a fuzz target says that a promise was broken. */
#ifndef TG_TEST_FUZZ_H
#define TG_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_PROMISE(condition) ((condition) ? (void)0 : abort())

#endif
