/* Checks, and what the kernel is asked for them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/proc.h"
#include "daemons/agent/lab.h"

static int
bind_somewhere(int family, int type, int *port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 have = {0}; /* the port is at the same place in both */
    socklen_t size = sizeof(have);
    int fd = socket(family, type | SOCK_CLOEXEC, 0);
    int done = family == AF_INET ? bind(fd, (struct sockaddr *)&four, sizeof(four))
                                 : bind(fd, (struct sockaddr *)&six, sizeof(six));

    if (done != 0) /* no IPv6 here */
        return -1;
    getsockname(fd, (struct sockaddr *)&have, &size);
    *port = ntohs(have.sin6_port);
    return fd;
}

static void
test_who_listens(int family, int type, enum proc_socket kind)
{
    int port = 0;
    int fd = bind_somewhere(family, type, &port);

    if (fd < 0)
        return;
    if (type == SOCK_STREAM) {
        CHECK(!proc_listens(kind, port)); /* bound, but nobody listens yet */
        CHECK_INT(0, listen(fd, 1));
    }
    CHECK(proc_listens(kind, port));
    CHECK(!proc_listens(kind == PROC_TCP ? PROC_UDP : PROC_TCP, port));
    close(fd);
    CHECK(!proc_listens(kind, port));
}

static void
test_which_processes_run(void)
{
    char name[16]; /* others of this one's name may run beside it */

    snprintf(name, sizeof(name), "find-%d", (int)getpid());
    CHECK_INT(0, prctl(PR_SET_NAME, name));
    CHECK_INT(getpid(), proc_find(name));
    CHECK_INT(0, proc_find("no-such-process"));
}

/* -- the list ------------------------------------------------------------------------------ */

static bool gateway_ok;

static bool
check_gateway(const struct component *component, char *details, size_t size)
{
    (void)component;
    snprintf(details, size, "as the test wants");
    return gateway_ok;
}

static const struct check checks[] = {
    {"gateway", NULL, check_gateway},
    {"of the other role", "VPS_E", check_gateway},
};

static int64_t
find_check(struct lab *lab, const char *name)
{
    char path[32];

    for (int64_t i = 0; i < lab_length(lab, "checks"); i++) {
        snprintf(path, sizeof(path), "checks.%lld.name", (long long)i);
        if (str_eq(lab_text(lab, path), name))
            return i;
    }
    return -1;
}

static void
test_checks_of_core_and_components(void)
{
    struct component_type type = *memory_type("bundle");
    struct lab lab;

    type.checks = checks;
    type.check_count = COUNT(checks);
    lab_open(&lab, "bundle");
    lab.type = &type;
    lab.settings.agent_dry_run = false;
    lab_reopen(&lab);
    lab_snapshot(&lab, "s1", 1, "");
    gateway_ok = true;
    lab_call(&lab, "GET", "/v1/health", NULL);
    CHECK_INT(200, lab.status);
    CHECK_STR("true", lab_text(&lab, "overall_ok"));
    CHECK_STR("VPS_T", lab_text(&lab, "role"));
    CHECK(find_check(&lab, "gateway") >= 0 && find_check(&lab, "state file") >= 0);
    CHECK_INT(-1, find_check(&lab, "of the other role"));
    CHECK_INT(-1, find_check(&lab, "dry run"));
    CHECK_INT(-1, find_check(&lab, "process xray")); /* it runs no Xray */
    gateway_ok = false;
    lab_call(&lab, "GET", "/v1/health", NULL);
    CHECK_STR("false", lab_text(&lab, "overall_ok"));
    lab.token = NULL;
    lab_call(&lab, "GET", "/v1/health", NULL);
    CHECK_INT(503, lab.status);
    lab_close(&lab);
}

static void
test_the_ports_of_a_node_with_xray(void)
{
    struct lab lab;
    int port = 0;
    int fd = bind_somewhere(AF_INET, SOCK_STREAM, &port);
    char path[32];

    lab_open(&lab, "xray");
    lab.settings.agent_dry_run = false;
    lab.settings.vless_reality_port = port;
    lab_reopen(&lab);
    lab_snapshot(&lab, "s1", 1, "");
    lab_call(&lab, "GET", "/v1/health", NULL);
    snprintf(path, sizeof(path), "checks.%lld.ok", (long long)find_check(&lab, "listen tcp/443"));
    CHECK_STR("false", lab_text(&lab, path));
    CHECK(find_check(&lab, "process xray") >= 0);
    CHECK_INT(0, listen(fd, 1));
    lab_call(&lab, "GET", "/v1/health", NULL);
    CHECK_STR("true", lab_text(&lab, path));
    lab.agent.state.free_bytes_least = INT64_MAX;
    lab_call(&lab, "GET", "/v1/health", NULL);
    snprintf(path, sizeof(path), "checks.%lld.ok", (long long)find_check(&lab, "state file"));
    CHECK_STR("false", lab_text(&lab, path));
    close(fd);
    lab_close(&lab);
}

int
main(void)
{
    test_who_listens(AF_INET, SOCK_STREAM, PROC_TCP);
    test_who_listens(AF_INET6, SOCK_STREAM, PROC_TCP);
    test_who_listens(AF_INET, SOCK_DGRAM, PROC_UDP);
    test_which_processes_run();
    test_checks_of_core_and_components();
    test_the_ports_of_a_node_with_xray();
    return check_report("agent/health");
}
