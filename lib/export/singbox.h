/* Whole configurations of sing-box (1.12 and later): SOCKS5 and HTTP on this machine, one way out.
 */
#ifndef TG_EXPORT_SINGBOX_H
#define TG_EXPORT_SINGBOX_H

#include "export/form.h"

form_fn singbox_reality;
form_fn singbox_ws;
form_fn singbox_hysteria;
form_fn singbox_wireguard;

#endif
