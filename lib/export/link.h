/* Links: a configuration in one line, as clients import it. */
#ifndef TG_EXPORT_LINK_H
#define TG_EXPORT_LINK_H

#include "export/form.h"

form_fn link_reality;   /* vless:// */
form_fn link_ws;        /* vless:// */
form_fn link_hysteria;  /* hysteria2:// */
form_fn link_wireguard; /* wireguard:// */

#endif
