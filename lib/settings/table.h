/* Inside lib/settings: the rows. */
#ifndef TG_SETTINGS_TABLE_H
#define TG_SETTINGS_TABLE_H

#include "settings/settings.h"

enum setting_flags {
    SECRET = 1 << 0,   /* never shown; short ones and placeholders are refused */
    REQUIRED = 1 << 1, /* must not be empty; but tracegate-init-db does without its tokens */
};

struct setting {
    const char *name;
    struct field field;  /* kind, place and bounds */
    const char *initial; /* as it would stand in the environment */
    unsigned flags;
    unsigned programs; /* enum program */
    const char *meaning;
};

extern const struct setting settings_table[];
extern const size_t settings_count;

/* Read by nginx's template, the services' scripts and the bundles' renderer, not by a program. */
struct foreign {
    const char *name;
    const char *initial;
    const char *meaning;
};

extern const struct foreign settings_elsewhere[];
extern const size_t settings_elsewhere_count;

/* Names of older releases: they are passed over with a warning. */
extern const char *const settings_ignored[]; /* ends with NULL */

#endif
