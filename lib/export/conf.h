/* The file of wg-quick and of the WireGuard apps. */
#ifndef TG_EXPORT_CONF_H
#define TG_EXPORT_CONF_H

#include "export/form.h"

form_fn conf_wireguard;

#endif
