#include "http/crew.h"

#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "http/fcgi.h"

enum {
    STACK_BYTES = 256 << 10
};

struct crew {
    const struct app *app;
    const struct turn *turn;
    struct gate gate;
    pthread_t threads[WORKERS_MAX];
    size_t count;
};

static void *
work(void *object)
{
    struct crew *crew = object;

    fcgi_serve(crew->app, crew->turn, &crew->gate);
    return NULL;
}

static bool
start(struct crew *crew, size_t workers, struct err *err)
{
    pthread_attr_t attributes;
    int failed = 0;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    while (crew->count < workers && failed == 0) {
        failed = pthread_create(&crew->threads[crew->count], &attributes, work, crew);
        crew->count += failed == 0;
    }
    pthread_attr_destroy(&attributes);
    return failed == 0 || err_say(err, ERR_SETTINGS, "cannot start a worker: %s", strerror(failed));
}

static void
stop(struct crew *crew)
{
    gate_drain(&crew->gate);
    for (size_t i = 0; i < crew->count; i++)
        pthread_join(crew->threads[i], NULL);
    gate_free(&crew->gate);
}

/* Blocked before the threads are made, so that only this one hears of them. */
static void
block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

bool
crew_serve(const struct app *app, const struct turn *turn, size_t workers, struct err *err)
{
    struct crew crew = {.app = app, .turn = turn};
    sigset_t signals;
    int signo;

    block_signals(&signals);
    FCGX_Init();
    if (!gate_open(&crew.gate, STDIN_FILENO, err))
        return false;
    bool started = start(&crew, workers, err);
    if (started)
        sigwait(&signals, &signo);
    stop(&crew);
    return started;
}
