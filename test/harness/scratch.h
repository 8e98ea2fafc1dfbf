/*
 * A folder for a test's own files.
 *
 *     char folder[] = SCRATCH;
 *
 *     CHECK(mkdtemp(folder) != NULL);
 *     ...
 *     scratch_remove(folder);          with all that is in it
 */
#ifndef TG_TEST_SCRATCH_H
#define TG_TEST_SCRATCH_H

#define SCRATCH "/tmp/tracegate-test-XXXXXX"

void scratch_remove(const char *folder);

#endif
