/* Whole configurations of mihomo, for apps of the Clash family: one proxy, and everything goes
 * through it. */
#ifndef TG_EXPORT_MIHOMO_H
#define TG_EXPORT_MIHOMO_H

#include "export/form.h"

form_fn mihomo_reality;
form_fn mihomo_ws;
form_fn mihomo_hysteria;
form_fn mihomo_wireguard;

#endif
