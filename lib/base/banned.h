/*
 * Functions that nobody here may call, as in git: each is a trap, and each has a better one beside
 * it. The Makefile puts this header before every file of ours, so a call does not compile.
 */
#ifndef TG_BASE_BANNED_H
#define TG_BASE_BANNED_H

/* First, so that their own declarations are not touched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(name, instead) use_##instead##_instead_of_##name

/* clang-format off */
#undef strcpy
#define strcpy(...)    BANNED(strcpy, arena_strdup)
#undef strcat
#define strcat(...)    BANNED(strcat, arena_printf)
#undef strncpy
#define strncpy(...)   BANNED(strncpy, arena_strdup)
#undef strncat
#define strncat(...)   BANNED(strncat, arena_printf)
#undef strtok
#define strtok(...)    BANNED(strtok, strcspn)
#undef sprintf
#define sprintf(...)   BANNED(sprintf, arena_printf)
#undef vsprintf
#define vsprintf(...)  BANNED(vsprintf, vsnprintf)
#undef atoi
#define atoi(...)      BANNED(atoi, schema)
#undef atol
#define atol(...)      BANNED(atol, schema)
#undef atoll
#define atoll(...)     BANNED(atoll, schema)
#undef system
#define system(...)    BANNED(system, execve)
#undef popen
#define popen(...)     BANNED(popen, execve)
#undef rand
#define rand(...)      BANNED(rand, rand_bytes)
#undef random
#define random(...)    BANNED(random, rand_below)
#undef localtime
#define localtime(...) BANNED(localtime, time_write)
#undef gmtime
#define gmtime(...)    BANNED(gmtime, time_write)
#undef ctime
#define ctime(...)     BANNED(ctime, time_write)
#undef asctime
#define asctime(...)   BANNED(asctime, time_write)
#undef mktemp
#define mktemp(...)    BANNED(mktemp, mkostemp)
#undef tmpnam
#define tmpnam(...)    BANNED(tmpnam, mkostemp)
/* clang-format on */

#endif
