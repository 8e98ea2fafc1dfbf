/* The host's own numbers, from /proc and the disk of the state. Nothing here waits. */
#ifndef TG_AGENT_HOST_H
#define TG_AGENT_HOST_H

#include "metrics/metrics.h"

/* `root` is a descriptor of a folder on the disk that counts. What cannot be read is left out. */
void host_collect(struct metrics *metrics, int root);

#endif
