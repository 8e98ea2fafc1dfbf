/* tracegate-dispatcher: carries changes from the outbox to the agents of the nodes. */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "daemon/memory.h"
#include "dispatcher/dispatcher.h"

static int
usage(int status)
{
    fputs("usage: tracegate-dispatcher [-n] | --help\n\n  -n  check the settings and exit\n\n",
        status == EXIT_SUCCESS ? stdout : stderr);
    if (status == EXIT_SUCCESS)
        settings_help(PROGRAM_DISPATCHER);
    return status;
}

static int
run(const struct settings *settings)
{
    struct task tasks[DISPATCHER_TASKS];
    struct dispatcher dispatcher;
    struct err err;
    int status = EXIT_SUCCESS;

    dispatcher_tasks(settings, tasks);
    if (dispatcher_open(&dispatcher, settings, tasks, &err)) {
        log_info("owner=%s started", dispatcher.owner);
        dispatcher_run(&dispatcher);
    } else {
        log_error("code=%s %s", err_kinds[err.code].code, err.detail);
        status = EXIT_FAILURE;
    }
    dispatcher_close(&dispatcher);
    return status;
}

static int
load_and_run(bool only_check)
{
    struct arena arena = {0};
    struct settings settings;
    const char *faults;
    int status = EXIT_SUCCESS;

    if (!settings_load(&settings, PROGRAM_DISPATCHER, &arena, &faults)) {
        fputs(faults, stderr);
        status = EX_CONFIG;
    } else if (!only_check) {
        status = run(&settings);
    }
    arena_reset(&arena);
    return status;
}

int
main(int argc, char **argv)
{
    bool only_check = argc == 2 && str_eq(argv[1], "-n");

    memory_keep_small();
    if (argc == 2 && str_eq(argv[1], "--help"))
        return usage(EXIT_SUCCESS);
    return argc == 1 || only_check ? load_and_run(only_check) : usage(EX_USAGE);
}
