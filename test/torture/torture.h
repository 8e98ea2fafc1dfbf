/*
 * Torture, as curl's: a test is run again and again, and each time another call of a library fails,
 * the first, the second, and so on, until a run meets no failure any more. Expected each time: an
 * error that is told, nothing half done, nothing leaked (MODE=asan), and the next try works.
 *
 *     for (long n = 1; torture_begin(n), run(), torture_end(); n++)
 *         look at what the failure has left;
 *
 * Which calls can fail is in torture.c; the Makefile links the tests of this folder so (--wrap).
 */
#ifndef TG_TEST_TORTURE_H
#define TG_TEST_TORTURE_H

#include <stdbool.h>

/* From now on the n-th call fails, once. */
void torture_begin(long n);

/* No call fails any more. Whether one did. */
bool torture_end(void);

#endif
