/* How a daemon uses the heap: the first call of its main(). */
#ifndef TG_DAEMON_MEMORY_H
#define TG_DAEMON_MEMORY_H

/* Bodies of requests come and go: large blocks return to the system at once, and all others come
 * from one heap. */
void memory_keep_small(void);

#endif
