#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "agent/agent.h"
#include "agent/components.h"
#include "base/log.h"
#include "daemon/memory.h"

/* What this build can run; a node runs those of AGENT_COMPONENTS. */
static const struct component_type *const types[] = {
    &xray_component,
    &bundle_component,
    NULL,
};

/* -- settings ------------------------------------------------------------------------------ */

static bool
is_set(const char *text)
{
    return text != NULL && *text != '\0';
}

static bool
is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;

    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six);
    return str_eq(host, "localhost");
}

static bool
check_wire(const struct settings *settings, struct err *err)
{
    bool tls = is_set(settings->agent_server_cert);

    if (tls != is_set(settings->agent_server_key) || (!tls && is_set(settings->agent_ca_cert)))
        return err_say(err, ERR_SETTINGS,
            "AGENT_SERVER_CERT and AGENT_SERVER_KEY belong together, AGENT_CA_CERT needs them");
    if (!tls && !is_loopback(settings->agent_host) && !settings->agent_allow_plaintext)
        return err_say(err, ERR_SETTINGS,
            "AGENT_HOST is no loopback address: set AGENT_SERVER_CERT and AGENT_SERVER_KEY, or"
            " AGENT_ALLOW_PLAINTEXT=true where only a private network reaches it");
    return true;
}

/* What is wrong has been told when it is false. */
static bool
load(struct settings *settings, struct arena *arena)
{
    const char *faults = NULL;
    struct err err;

    if (!settings_load(settings, PROGRAM_AGENT, arena, &faults))
        fprintf(stderr, "%s\n", faults);
    else if (!check_wire(settings, &err))
        fprintf(stderr, "%s\n", err.detail);
    else
        return true;
    return false;
}

/* -- the process --------------------------------------------------------------------------- */

static int
serve(const struct settings *settings)
{
    struct agent agent = {.state = {.root = -1}};
    struct err err;
    int status = EXIT_SUCCESS;

    if (!agent_open(&agent, settings, types, &err) || !agent_listen(&agent, &err)) {
        log_error("%s", err.detail);
        status = EX_CONFIG;
    } else {
        log_info("agent=%s role=%s version=%s ready", settings->agent_name, settings->agent_role,
            agent_version);
        loop_run(&agent.loop);
        status = agent.broken ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    agent_close(&agent);
    return status;
}

int
main(int argc, char **argv)
{
    struct arena arena = {0};
    struct settings settings;
    bool only_check = argc == 2 && str_eq(argv[1], "-n");

    memory_keep_small();
    if (argc == 2 && str_eq(argv[1], "--help")) {
        settings_help(PROGRAM_AGENT);
        return EXIT_SUCCESS;
    }
    if (argc > 1 && !only_check) {
        fputs("usage: tracegate-agent [-n | --help]\n", stderr);
        return EX_USAGE;
    }
    int status = !load(&settings, &arena) ? EX_CONFIG
        : only_check                      ? EXIT_SUCCESS
                                          : serve(&settings);
    arena_reset(&arena);
    return status;
}
