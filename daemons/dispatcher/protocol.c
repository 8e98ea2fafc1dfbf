#include "dispatcher/protocol.h"

const char *const component_names[] = {
    [COMPONENT_XRAY] = "xray",
    [COMPONENT_HYSTERIA] = "hysteria",
    [COMPONENT_WIREGUARD] = "wireguard",
    [COMPONENT_BUNDLE] = "bundle",
    NULL,
};
