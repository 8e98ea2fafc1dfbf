#include "agent/xray_health.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/proc.h"
#include "agent/xray.h"
#include "agent/xray_config.h"

enum {
    ENVIRON_SIZE = 32 * 1024
};

static bool
check_api(const struct component *component, char *details, size_t size)
{
    const struct xray *xray = component_self(component);

    if (xray->offline != NULL)
        snprintf(details, size, "switched off, users change by a restart");
    else if (xray->up)
        snprintf(details, size, "answers, up for %u s", (unsigned)xray->uptime);
    else
        snprintf(details, size, "does not answer");
    return xray->up;
}

/* Whether Xray has anything to report is not known here; that it could deliver it is. */
static bool
check_webhook(const struct component *component, char *details, size_t size)
{
    const struct xray *xray = component_self(component);
    struct webhook_counts counts = webhook_counts(xray->webhook);
    bool there = webhook_is_there(xray->webhook);

    snprintf(details, size, "%s, %" PRIu64 " reports, %" PRIu64 " without a connection, %zu live",
        there ? "listening" : "the socket is gone", counts.reports, counts.lies,
        sessions_count(xray->sessions));
    return there;
}

static bool
check_destroy(const struct component *component, char *details, size_t size)
{
    const struct xray *xray = component_self(component);
    bool may_miss = xray->settings->app_env == APP_ENV_DEV;

    snprintf(details, size, "%s%s", sock_result_text(xray->can_cut),
        xray->can_cut != SOCK_DONE && may_miss ? " (a warning in APP_ENV=dev)" : "");
    return xray->can_cut == SOCK_DONE || may_miss;
}

static bool
check_config(const struct component *component, char *details, size_t size)
{
    const struct xray *xray = component_self(component);
    const char *trouble = xray_config_trouble(xray->config);

    snprintf(details, size, "%s", trouble != NULL ? trouble : "as Xray would start with it");
    return trouble == NULL;
}

/* -- Multipath TCP, which would let a connection outlive its cut ----------------------- */

/* False when it cannot be read; data ends in a NUL. */
static bool
read_file(const char *path, char *data, size_t size, size_t *length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, data, size - 1);

    if (fd >= 0)
        close(fd);
    *length = got > 0 ? (size_t)got : 0;
    data[*length] = '\0';
    return got >= 0;
}

static bool
kernel_has_none(void)
{
    char data[8];
    size_t length;

    return !read_file("/proc/sys/net/mptcp/enabled", data, sizeof(data), &length) || data[0] == '0';
}

/* In its environment: GODEBUG=…multipathtcp=0… */
static bool
process_has_none(int pid)
{
    char data[ENVIRON_SIZE];
    char path[64];
    size_t length;

    snprintf(path, sizeof(path), "/proc/%d/environ", pid);
    if (!read_file(path, data, sizeof(data), &length))
        return false;
    for (const char *at = data; at < data + length; at += strlen(at) + 1) {
        if (strstr(at, "GODEBUG=") == at && strstr(at, "multipathtcp=0") != NULL)
            return true;
    }
    return false;
}

static bool
check_mptcp(const struct component *component, char *details, size_t size)
{
    const struct xray *xray = component_self(component);
    int pid = xray->client != NULL ? xray_client_peer(xray->client) : 0;

    if (kernel_has_none()) {
        snprintf(details, size, "the kernel has none");
        return true;
    }
    if (pid <= 0)
        pid = proc_find("xray");
    bool ok = pid > 0 && process_has_none(pid);
    snprintf(details, size,
        ok ? "switched off in Xray (pid %d)"
           : "start Xray (pid %d) with GODEBUG=multipathtcp=0, or set net.mptcp.enabled=0",
        pid);
    return ok;
}

const struct check xray_checks[XRAY_CHECKS] = {
    {"xray API", NULL, check_api},
    {"xray webhook", NULL, check_webhook},
    {"socket destroy", NULL, check_destroy},
    {"mptcp off", NULL, check_mptcp},
    {"xray config.json", NULL, check_config},
};
