/* Prints what .env.example must be. */
#include "settings/settings.h"

int
main(void)
{
    settings_example();
    return 0;
}
