/* Devices with WireGuard tunnels, for tests of the rules about them. */
#ifndef TG_TEST_TUNNELS_H
#define TG_TEST_TUNNELS_H

#include "domain/wireguard.h"
#include "harness/fixture.h"
#include "store/revisions.h"

/* Device number n, from 0 to 255; number 13 is FIXTURE_DEVICE. */
const char *tunnel_device(struct fixture *fixture, int n);

/* A new turn with so many devices of FIXTURE_USER, no connection, no lease, and the pool given. */
void tunnels_begin(struct fixture *fixture, const char *cidr, int devices);

/* A tunnel of device n with its first revision; a check that fails when a rule says no. */
struct connection tunnel_connect(struct fixture *fixture, int n);

struct wireguard_config tunnel_config(struct fixture *fixture, const struct revision *revision);

/* Of the revision that the connection was made with. */
const char *tunnel_address(struct fixture *fixture, const struct connection *connection);

#endif
