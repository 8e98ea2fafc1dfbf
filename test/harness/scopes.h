/*
 * Every route of an app against every scope: with one scope alone, with all scopes but one and "*",
 * and without a token. What must come back is worked out here from the route's row, not by the rule
 * that the apps use. The routes themselves do not run.
 */
#ifndef TG_TEST_SCOPES_H
#define TG_TEST_SCOPES_H

#include "http/app.h"

void run_scopes(const struct app *app);

#endif
