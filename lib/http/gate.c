#include "http/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/time.h"

#define SETTLE_USEC (3 * USEC_SEC / 2)
#define TICK_USEC   (10 * USEC_MS)

enum {
    PLACES = 512,     /* connections; a process has 1,024 files */
    READ_SECONDS = 2, /* nginx has the whole request when it connects */
    WRITE_SECONDS = 5
};

static bool
watch(const struct gate *gate, int operation, int fd, unsigned events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    return epoll_ctl(gate->epoll, operation, fd, &event) == 0;
}

bool
gate_open(struct gate *gate, int listener, struct err *err)
{
    *gate = (struct gate){.listener = listener,
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .closed = eventfd(0, EFD_CLOEXEC)};
    if (gate->epoll >= 0 && gate->closed >= 0 && fcntl(listener, F_SETFL, O_NONBLOCK) == 0 &&
        watch(gate, EPOLL_CTL_ADD, gate->closed, EPOLLIN) &&
        watch(gate, EPOLL_CTL_ADD, listener, EPOLLIN | EPOLLONESHOT))
        return true;
    bool failed = err_say(err, ERR_FILE, "the listening socket: %s", strerror(errno));
    gate_free(gate);
    return failed;
}

void
gate_free(struct gate *gate)
{
    fs_close(&gate->epoll);
    fs_close(&gate->closed);
}

static void
listen_on(struct gate *gate)
{
    watch(gate, EPOLL_CTL_MOD, gate->listener, EPOLLIN | EPOLLONESHOT);
}

/* Who connects may have nothing to say yet. */
static bool
welcome(const struct gate *gate, int fd)
{
    const struct timeval read_limit = {.tv_sec = READ_SECONDS};
    const struct timeval write_limit = {.tv_sec = WRITE_SECONDS};

    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &read_limit, sizeof(read_limit)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &write_limit, sizeof(write_limit)) == 0 &&
        watch(gate, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT);
}

/* Whether one came. Its place is taken first: who sees no place taken has overlooked nobody. */
static bool
take(struct gate *gate)
{
    atomic_fetch_add(&gate->open, 1);
    int fd = accept4(gate->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0 && welcome(gate, fd))
        return true;
    fs_close(&fd);
    gate_forget(gate);
    return false;
}

/* While all places are taken nobody listens; who connects waits in the socket's queue. */
static void
take_one(struct gate *gate)
{
    take(gate);
    if (atomic_load(&gate->open) < PLACES)
        listen_on(gate);
}

static void
drop(struct gate *gate, int fd)
{
    close(fd);
    gate_forget(gate);
}

int
gate_next(struct gate *gate)
{
    struct epoll_event event;

    for (;;) {
        if (epoll_wait(gate->epoll, &event, 1, -1) != 1)
            continue; /* a signal */
        if (event.data.fd == gate->closed)
            return -1;
        if (event.data.fd == gate->listener)
            take_one(gate);
        else if (event.events & EPOLLHUP)
            drop(gate, event.data.fd);
        else
            return event.data.fd;
    }
}

void
gate_keep(struct gate *gate, int fd)
{
    if (!watch(gate, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT))
        drop(gate, fd);
}

void
gate_forget(struct gate *gate)
{
    if (atomic_fetch_sub(&gate->open, 1) == PLACES)
        listen_on(gate);
}

bool
gate_draining(const struct gate *gate)
{
    return atomic_load_explicit(&gate->draining, memory_order_relaxed);
}

/* Until all are closed, for a while. */
static void
settle(const struct gate *gate)
{
    const struct timespec tick = {.tv_nsec = TICK_USEC * 1000};
    usec_t deadline = time_monotonic() + SETTLE_USEC;

    while (atomic_load(&gate->open) > 0 && time_monotonic() < deadline)
        nanosleep(&tick, NULL);
}

/* A socket that is shut is always readable, so nobody may wait for it any more. */
static void
close_listener(struct gate *gate)
{
    watch(gate, EPOLL_CTL_DEL, gate->listener, 0);
    shutdown(gate->listener, SHUT_RD);
    while (take(gate))
        ;
}

void
gate_drain(struct gate *gate)
{
    atomic_store(&gate->draining, true);
    settle(gate);
    close_listener(gate);
    settle(gate);
    eventfd_write(gate->closed, 1);
}
