/* Whole configurations of Xray as a client: SOCKS5 and HTTP on this machine, one way out. */
#ifndef TG_EXPORT_XRAY_H
#define TG_EXPORT_XRAY_H

#include "export/form.h"

form_fn xray_reality;
form_fn xray_ws;
form_fn xray_hysteria;
form_fn xray_wireguard;

#endif
