/* The state file: what survives, what is refused, what is moved aside. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/component.h"
#include "daemons/agent/lab.h"

static const char *
path_of(struct lab *lab, struct arena *arena, const char *name)
{
    return arena_printf(arena, "%s/%s", lab->root, name);
}

static void
fill(struct lab *lab)
{
    struct arena arena = {0};

    lab_open(lab, "xray");
    lab_snapshot(lab, "s1", 10,
        arena_printf(&arena, "%s,%s", lab_event(&arena, 0, "xray", "a", 1, "{}"),
            lab_event(&arena, 0, "xray", "b", 1, "{}")));
    CHECK_INT(200, lab->status);
    arena_reset(&arena);
}

static bool
is_whole(struct lab *lab)
{
    return agent_component(&lab->agent, "xray")->verified;
}

/* -- kill -9 ------------------------------------------------------------------------------- */

static bool
die_before_the_effect(struct memory *memory, const struct wish *wish, ticket_t ticket)
{
    (void)memory, (void)wish, (void)ticket;
    kill(getpid(), SIGKILL);
    return true;
}

static int
die_before_the_commit(void *object)
{
    (void)object;
    kill(getpid(), SIGKILL);
    return 0;
}

/* The revocation of `a` in a process that dies on the way. The files are the parent's. */
static void
revoke_and_die(struct lab *lab, bool committed)
{
    struct arena arena = {0};
    int status;

    agent_close(&lab->agent);
    pid_t pid = fork();
    if (pid == 0) {
        lab_reopen(lab);
        lab_until(lab, is_whole);
        if (committed)
            lab_memory(lab, "xray")->intercept = die_before_the_effect;
        else
            sqlite3_commit_hook(lab->agent.state.sql.db, die_before_the_commit, NULL);
        lab_batch(lab, 10, 11, lab_event(&arena, 11, "xray", "a", 2, NULL));
        _exit(0); /* it should not have lived */
    }
    waitpid(pid, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    arena_reset(&arena);
}

static void
test_what_was_committed_is_done_after_kill_9(void)
{
    struct lab lab;

    fill(&lab);
    revoke_and_die(&lab, true);
    lab_reopen(&lab);
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_INT(11, lab_int(&lab, "desired_gen"));
    CHECK_INT(10, lab_int(&lab, "converged.xray"));
    lab_until(&lab, is_whole);
    CHECK(!memory_has(lab_memory(&lab, "xray"), "a", 1));
    CHECK(memory_has(lab_memory(&lab, "xray"), "b", 1));
    lab_close(&lab);
}

static void
test_what_was_not_committed_never_was(void)
{
    struct lab lab;

    fill(&lab);
    revoke_and_die(&lab, false);
    lab_reopen(&lab);
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_INT(10, lab_int(&lab, "desired_gen"));
    lab_until(&lab, is_whole);
    CHECK(memory_has(lab_memory(&lab, "xray"), "a", 1));
    lab_close(&lab);
}

/* -- the files ----------------------------------------------------------------------------- */

static int
mode_of(struct lab *lab, const char *name)
{
    struct arena arena = {0};
    struct stat stat_;
    bool there = stat(path_of(lab, &arena, name), &stat_) == 0;

    arena_reset(&arena);
    return there ? (int)(stat_.st_mode & 07777) : -1;
}

static void
test_nobody_else_reads_it(void)
{
    struct lab lab;

    fill(&lab);
    CHECK_INT(0700, mode_of(&lab, ""));
    CHECK_INT(0600, mode_of(&lab, "state.db"));
    CHECK_INT(0600, mode_of(&lab, "state.db-wal"));
    CHECK_INT(0600, mode_of(&lab, "state.db-shm"));
    lab_close(&lab);
}

static void
test_one_agent_at_a_time(void)
{
    struct lab lab;
    struct state second;
    struct err err = {0};

    fill(&lab);
    CHECK(!state_open(&second, lab.root, &err));
    CHECK_INT(ERR_SETTINGS, err.code);
    state_close(&second);
    lab_close(&lab);
}

static void
test_a_newer_file_is_left_alone(void)
{
    struct lab lab;
    struct arena arena = {0};
    struct state state;
    struct err err = {0};
    sqlite3 *db = NULL;

    fill(&lab);
    agent_close(&lab.agent);
    CHECK_INT(SQLITE_OK, sqlite3_open(path_of(&lab, &arena, "state.db"), &db));
    CHECK_INT(SQLITE_OK, sqlite3_exec(db, "pragma user_version = 99", NULL, NULL, NULL));
    sqlite3_close(db);
    CHECK(!state_open(&state, lab.root, &err));
    CHECK_INT(ERR_SETTINGS, err.code);
    CHECK(!state.was_damaged);
    state_close(&state);
    arena_reset(&arena);
    lab_close(&lab);
}

static void
test_an_older_form_is_begun_anew(void)
{
    struct lab lab;
    struct arena arena = {0};
    sqlite3 *db = NULL;

    fill(&lab);
    agent_close(&lab.agent);
    CHECK_INT(SQLITE_OK, sqlite3_open(path_of(&lab, &arena, "state.db"), &db));
    CHECK_INT(SQLITE_OK, sqlite3_exec(db, "pragma user_version = 1", NULL, NULL, NULL));
    sqlite3_close(db);
    lab_reopen(&lab);
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_STR("empty", lab_text(&lab, "boot"));
    lab_snapshot(&lab, "s2", 12, "");
    CHECK_INT(200, lab.status);
    arena_reset(&arena);
    lab_close(&lab);
}

/* -- damage -------------------------------------------------------------------------------- */

static int
count_damaged(struct lab *lab)
{
    DIR *folder = opendir(lab->root);
    const struct dirent *entry;
    int count = 0;

    while ((entry = readdir(folder)) != NULL)
        count += strstr(entry->d_name, ".damaged-") != NULL;
    closedir(folder);
    return count;
}

static void
damage(struct lab *lab, off_t size, off_t from, const char *bytes)
{
    struct arena arena = {0};
    int fd = open(path_of(lab, &arena, "state.db"), O_RDWR | O_CLOEXEC);

    CHECK(fd >= 0);
    if (size > 0)
        CHECK_INT(0, ftruncate(fd, size));
    CHECK(pwrite(fd, bytes, strlen(bytes), from) == (ssize_t)strlen(bytes));
    close(fd);
    arena_reset(&arena);
}

static void
test_a_damaged_file_is_moved_aside_and_nothing_is_removed(off_t size, off_t from, const char *bytes)
{
    struct lab lab;

    fill(&lab);
    agent_close(&lab.agent);
    damage(&lab, size, from, bytes);
    lab_reopen(&lab);
    CHECK(lab.agent.state.was_damaged);
    CHECK(count_damaged(&lab) >= 1);
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_STR("empty", lab_text(&lab, "boot"));
    lab_batch(&lab, 10, 11, "");
    CHECK_STR("need_snapshot", lab_text(&lab, "code"));
    CHECK_INT(0, lab_memory(&lab, "xray")->compared);
    lab_snapshot(&lab, "s2", 12, "");
    CHECK_INT(200, lab.status);
    lab_close(&lab);
}

/* -- no room ------------------------------------------------------------------------------- */

static void
test_nothing_is_taken_when_the_disk_is_nearly_full(void)
{
    struct lab lab;
    struct arena arena = {0};

    fill(&lab);
    lab.agent.state.free_bytes_least = INT64_MAX;
    lab_batch(&lab, 10, 11, lab_event(&arena, 11, "xray", "c", 1, "{}"));
    CHECK_INT(507, lab.status);
    lab_part(&lab, "s2", 1, EPOCH, "");
    CHECK_INT(507, lab.status);
    lab.agent.state.free_bytes_least = 0;
    lab_batch(&lab, 10, 11, lab_event(&arena, 11, "xray", "c", 1, "{}"));
    CHECK_INT(200, lab.status);
    arena_reset(&arena);
    lab_close(&lab);
}

/* Every write fails from here on, as on a disk without room. */
static void
limit_files(rlim_t size)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = size;
    CHECK_INT(0, setrlimit(RLIMIT_FSIZE, &limit));
}

static void
test_a_disk_that_fills_while_writing(void)
{
    struct lab lab;
    struct arena arena = {0};
    char *large = arena_alloc(&arena, 300001);

    signal(SIGXFSZ, SIG_IGN);
    fill(&lab);
    memset(large, 'x', 300000);
    const char *event =
        lab_event(&arena, 11, "xray", "c", 1, arena_printf(&arena, "{\"filler\":\"%s\"}", large));
    limit_files(100000);
    lab_batch(&lab, 10, 11, event);
    CHECK_INT(507, lab.status);
    limit_files(RLIM_INFINITY);
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_INT(10, lab_int(&lab, "desired_gen"));
    CHECK(memory_has(lab_memory(&lab, "xray"), "a", 1));
    lab_batch(&lab, 10, 11, event);
    CHECK_INT(200, lab.status);
    CHECK(memory_has(lab_memory(&lab, "xray"), "c", 1));
    arena_reset(&arena);
    lab_close(&lab);
}

static bool
hold(struct memory *memory, const struct wish *wish, ticket_t ticket)
{
    (void)wish;
    *(ticket_t *)memory->object = ticket;
    return true;
}

static bool
has_caught_up(struct lab *lab)
{
    return agent_component(&lab->agent, "xray")->converged == 11;
}

static bool
is_held(struct lab *lab)
{
    return lab->agent.held_until != 0;
}

/* What the gateway has answered cannot be noted: it is asked again when there is room. */
static void
test_a_mark_that_cannot_be_written_is_made_again(void)
{
    struct lab lab;
    struct arena arena = {0};
    ticket_t ticket = 0;

    fill(&lab);
    lab.settings.agent_apply_wait_ms = 0;
    lab_memory(&lab, "xray")->intercept = hold;
    lab_memory(&lab, "xray")->object = &ticket;
    lab_batch(&lab, 10, 11, lab_event(&arena, 11, "xray", "c", 1, "{}"));
    CHECK(ticket != 0);
    limit_files(4096);
    memory_set(lab_memory(&lab, "xray"), "c", 1);
    component_done(agent_component(&lab.agent, "xray"), ticket);
    lab_until(&lab, is_held);
    CHECK_INT(10, agent_component(&lab.agent, "xray")->converged);
    limit_files(RLIM_INFINITY);
    lab_until(&lab, has_caught_up);
    CHECK(!lab.agent.broken);
    arena_reset(&arena);
    lab_close(&lab);
}

/* -- in use, or broken while it is used ----------------------------------------------------- */

static void
test_somebody_who_writes_into_it_is_waited_for(void)
{
    struct lab lab;
    struct arena arena = {0};
    sqlite3 *db = NULL;

    fill(&lab);
    CHECK_INT(SQLITE_OK, sqlite3_open(path_of(&lab, &arena, "state.db"), &db));
    CHECK_INT(SQLITE_OK, sqlite3_exec(db, "begin immediate", NULL, NULL, NULL));
    lab_batch(&lab, 10, 11, lab_event(&arena, 11, "xray", "c", 1, "{}"));
    CHECK_INT(503, lab.status);
    CHECK_STR("busy", lab_text(&lab, "code"));
    sqlite3_exec(db, "rollback", NULL, NULL, NULL);
    sqlite3_close(db);
    lab_batch(&lab, 10, 11, lab_event(&arena, 11, "xray", "c", 1, "{}"));
    CHECK_INT(200, lab.status);
    CHECK(!lab.agent.broken);
    arena_reset(&arena);
    lab_close(&lab);
}

static void
test_a_state_that_breaks_ends_the_process(void)
{
    struct lab lab;
    struct arena arena = {0};
    sqlite3 *db = NULL;

    fill(&lab);
    CHECK_INT(SQLITE_OK, sqlite3_open(path_of(&lab, &arena, "state.db"), &db));
    CHECK_INT(SQLITE_OK, sqlite3_exec(db, "drop table artifact", NULL, NULL, NULL));
    sqlite3_close(db);
    lab_batch(&lab, 10, 11, lab_event(&arena, 11, "xray", "c", 1, "{}"));
    CHECK_INT(500, lab.status);
    CHECK_STR("state", lab_text(&lab, "code"));
    CHECK(lab.agent.broken);
    loop_run(&lab.agent.loop); /* ends by itself */
    arena_reset(&arena);
    lab_close(&lab);
}

/* -- without any control plane ------------------------------------------------------------- */

static void
test_a_restart_needs_nobody(void)
{
    struct lab lab;

    fill(&lab);
    lab_reopen(&lab);
    lab_until(&lab, is_whole);
    CHECK(memory_has(lab_memory(&lab, "xray"), "a", 1));
    CHECK(memory_has(lab_memory(&lab, "xray"), "b", 1));
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_STR("ready", lab_text(&lab, "boot"));
    CHECK_STR(EPOCH, lab_text(&lab, "epoch"));
    CHECK_INT(1, lab_int(&lab, "max_token"));
    CHECK_INT(10, lab_int(&lab, "converged.xray"));
    lab_close(&lab);
}

int
main(void)
{
    static const char noise[] = "this is not what was written here, not by us";

    test_what_was_committed_is_done_after_kill_9();
    test_what_was_not_committed_never_was();
    test_nobody_else_reads_it();
    test_one_agent_at_a_time();
    test_a_newer_file_is_left_alone();
    test_an_older_form_is_begun_anew();
    test_a_damaged_file_is_moved_aside_and_nothing_is_removed(0, 0, noise);
    test_a_damaged_file_is_moved_aside_and_nothing_is_removed(0, 12288, noise);
    test_a_damaged_file_is_moved_aside_and_nothing_is_removed(8192, 4096, noise);
    test_nothing_is_taken_when_the_disk_is_nearly_full();
    test_a_disk_that_fills_while_writing();
    test_somebody_who_writes_into_it_is_waited_for();
    test_a_state_that_breaks_ends_the_process();
    test_a_mark_that_cannot_be_written_is_made_again();
    test_a_restart_needs_nobody();
    return check_report("agent/state");
}
