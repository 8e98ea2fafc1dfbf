#include "agent/child.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    NICENESS = 10 /* a tenth of what another one gets, and all that nobody wants */
};

struct child {
    struct arena arena; /* holds this very object */
    pid_t pid;
    int pidfd;
    struct event *end, *late;
    struct child_done done;
};

/* -- running --------------------------------------------------------------------------- */

static void
child_free(struct child *child)
{
    event_free(child->end);
    event_free(child->late);
    close(child->pidfd);
    struct arena arena = child->arena;
    arena_reset(&arena);
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
    struct child *child = arg;
    const struct child_done done = child->done;
    int status = 0;

    (void)fd, (void)what;
    bool exited = waitpid(child->pid, &status, 0) == child->pid && WIFEXITED(status);
    child_free(child);
    done.done(done.arg, exited ? WEXITSTATUS(status) : CHILD_KILLED);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
    struct child *child = arg;

    (void)fd, (void)what;
    kill(child->pid, SIGKILL);
}

void
child_step_back(const struct child *child)
{
    setpriority(PRIO_PROCESS, (id_t)child->pid, NICENESS);
}

void
child_cancel(struct child *child)
{
    if (child == NULL)
        return;
    kill(child->pid, SIGKILL);
    waitpid(child->pid, NULL, 0);
    child_free(child);
}

/* posix_spawn's argv is not const, though nothing is written there. */
static char **
copy_words(struct arena *arena, const char *const *argv)
{
    size_t count = 0;

    while (argv[count] != NULL)
        count++;
    char **copy = arena_alloc(arena, (count + 1) * sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = arena_strdup(arena, argv[i]);
    return copy;
}

/* 0, or an errno. The child has no input and none of our signals' settings. */
static int
spawn(struct child *child, const char *const *argv)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, pipe;

    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe);
    int rc = posix_spawnp(
        &child->pid, argv[0], &files, &attributes, copy_words(&child->arena, argv), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

static void
watch(struct child *child, struct event_base *base, int64_t timeout_ms)
{
    const struct timeval limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000};

    child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    child->end = event_new(base, child->pidfd, EV_READ, on_end, child);
    child->late = evtimer_new(base, on_late, child);
    event_add(child->end, NULL);
    evtimer_add(child->late, &limit);
}

bool
child_start(struct event_base *base, const char *const *argv, int64_t timeout_ms,
    struct child_done done, struct child **child, struct err *err)
{
    struct arena arena = {0};
    struct child *made = arena_alloc(&arena, sizeof(*made));

    made->arena = arena;
    made->done = done;
    int rc = spawn(made, argv);
    if (rc != 0) {
        arena = made->arena;
        arena_reset(&arena);
        return err_say(err, ERR_SETTINGS, "The program cannot be started: %s.", strerror(rc));
    }
    watch(made, base, timeout_ms);
    *child = made;
    return true;
}

/* -- words ----------------------------------------------------------------------------- */

static bool
is_blank(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\n';
}

/* Takes one letter, or the quote that begins or ends, or an escape. */
static const char *
take_letter(const char *at, char *quote, char **out)
{
    if (*quote == '\0' && (*at == '"' || *at == '\'')) {
        *quote = *at;
        return at + 1;
    }
    if (*quote != '\0' && *at == *quote) {
        *quote = '\0';
        return at + 1;
    }
    if (*at == '\\' && *quote != '\'' && at[1] != '\0')
        at++;
    *(*out)++ = *at;
    return at + 1;
}

/* The word at *at, and *at behind it; NULL when a quote stays open. */
static const char *
take_word(struct arena *arena, const char **at)
{
    char *word = arena_alloc(arena, strlen(*at) + 1), *out = word;
    char quote = '\0';

    while (**at != '\0' && (quote != '\0' || !is_blank(**at)))
        *at = take_letter(*at, &quote, &out);
    return quote == '\0' ? word : NULL;
}

const char *const *
child_words(struct arena *arena, const char *command)
{
    const char **words = arena_alloc(arena, (strlen(command) / 2 + 2) * sizeof(*words));
    size_t count = 0;

    for (;;) {
        while (is_blank(*command))
            command++;
        if (*command == '\0')
            return count > 0 ? words : NULL;
        if ((words[count++] = take_word(arena, &command)) == NULL)
            return NULL;
    }
}
