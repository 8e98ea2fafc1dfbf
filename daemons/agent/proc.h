/* What the kernel tells under /proc. Nothing here waits. */
#ifndef TG_AGENT_PROC_H
#define TG_AGENT_PROC_H

#include <stdbool.h>

enum proc_socket {
    PROC_TCP,
    PROC_UDP
};

/* Whether somebody listens on this port, on IPv4 or IPv6, in our network namespace. */
bool proc_listens(enum proc_socket kind, int port);

/* The pid of a process whose executable's or own name is this; 0 when there is none. */
int proc_find(const char *name);

#endif
