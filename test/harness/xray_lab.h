/*
 * A real Xray as a node runs it, for tests: a REALITY inbound on loopback in front of a local
 * TLS 1.3 site (nginx), API and webhook on unix sockets, clients with a SOCKS port each, and a
 * server that sends without end. Everything lives in one temporary directory and dies with the
 * test.
 */
#ifndef TG_TEST_XRAY_LAB_H
#define TG_TEST_XRAY_LAB_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"

enum {
    LAB_PATH_SIZE = 108,
    LAB_CLIENTS = 4
};

#define LAB_TAG   "vless-reality-in"
#define LAB_FLOW  "xtls-rprx-vision"
#define LAB_CHAIN "cccccccc-cccc-4ccc-8ccc-cccccccccccc" /* the base's own user, "chain-link" */

struct xray_lab {
    char dir[64];
    char api[LAB_PATH_SIZE], hook[LAB_PATH_SIZE], config[LAB_PATH_SIZE];
    int port, decoy_port, stream_port;
    pid_t server, decoy, stream, clients[LAB_CLIENTS];
};

/* The binary: $XRAY, or build/peers/xray. NULL when there is none, which is a reason to skip. */
const char *xray_lab_binary(void);

/* For the end of main() where there is none. */
int xray_lab_skip(void);

/* Starts all but Xray and clients. lab->config is what Xray is started with. */
bool xray_lab_open(struct xray_lab *lab) MUST_CHECK;
void xray_lab_close(struct xray_lab *lab);

/* Returns when the API's socket takes connections. */
bool xray_lab_start(struct xray_lab *lab) MUST_CHECK;
void xray_lab_kill(struct xray_lab *lab);

/* Any other program, to its end; whether it exited with 0. */
bool xray_lab_run(const struct xray_lab *lab, const char *const *argv);

/* The SOCKS port of a new client with this credential, in slot `which`; 0 when it fails. An old
 * one in the slot is ended. */
int xray_lab_client(struct xray_lab *lab, int which, const char *uuid);

/* -- what a user does ------------------------------------------------------------------ */

/* An endless download through the client, after its first bytes; -1 when nothing comes in 3 s or
 * the connection is closed. */
int xray_lab_download(const struct xray_lab *lab, int socks_port);

/* Whether more bytes come. False: the download has ended. */
bool xray_lab_flows(int fd);

/* Milliseconds until the download ends; -1 when it has not after 5 s. */
int xray_lab_wait_end(int fd);

#endif
