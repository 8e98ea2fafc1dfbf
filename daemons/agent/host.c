#include "agent/host.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    LINE_SIZE = 512,
    NAME_SIZE = 32
};

static const struct metric load = {"tracegate_host_load_average",
    "Processes that run or want to, by window", METRIC_GAUGE, .labels = {"window"}};
static const struct metric memory = {
    "tracegate_host_memory_bytes", "Memory of the host", METRIC_GAUGE, .labels = {"kind"}};
static const struct metric network = {"tracegate_host_network_bytes_total",
    "Bytes through the host's interfaces", METRIC_COUNTER, .labels = {"interface", "direction"}};
static const struct metric disk = {
    "tracegate_host_disk_bytes", "The disk that holds the state", METRIC_GAUGE, .labels = {"kind"}};
static const struct metric cpu = {"tracegate_host_cpu_seconds_total",
    "Seconds of all processors, by what they did", METRIC_COUNTER, .labels = {"mode"}};

typedef void line_fn(struct metrics *metrics, const char *line);

static void
each_line(const char *path, line_fn *read, struct metrics *metrics)
{
    FILE *file = fopen(path, "re");
    char line[LINE_SIZE];

    if (file == NULL)
        return;
    while (fgets(line, sizeof(line), file) != NULL)
        read(metrics, line);
    fclose(file);
}

static void
read_load(struct metrics *metrics, const char *line)
{
    double one, five, fifteen;

    if (sscanf(line, "%lf %lf %lf", &one, &five, &fifteen) != 3)
        return;
    metrics_set(metrics, &load, one, "1m");
    metrics_set(metrics, &load, five, "5m");
    metrics_set(metrics, &load, fifteen, "15m");
}

static void
read_memory(struct metrics *metrics, const char *line)
{
    static const char *const kinds[][2] = {{"MemTotal", "total"}, {"MemFree", "free"},
        {"MemAvailable", "available"}, {"SwapTotal", "swap_total"}, {"SwapFree", "swap_free"}};
    size_t length = strcspn(line, ":");
    double kib;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (length == strlen(kinds[i][0]) && memcmp(line, kinds[i][0], length) == 0 &&
            sscanf(line + length, ": %lf kB", &kib) == 1)
            metrics_set(metrics, &memory, kib * 1024, kinds[i][1]);
    }
}

/* "  eth0: <bytes in> <7 others> <bytes out> …" */
static void
read_network(struct metrics *metrics, const char *line)
{
    char name[NAME_SIZE];
    double in, out;

    if (sscanf(line, " %31[^: ]: %lf %*s %*s %*s %*s %*s %*s %*s %lf", name, &in, &out) != 3)
        return;
    metrics_set(metrics, &network, in, name, "rx");
    metrics_set(metrics, &network, out, name, "tx");
}

/* "cpu  <user> <nice> <system> <idle> <iowait> <irq> <softirq> <steal> …", in ticks */
static void
read_cpu(struct metrics *metrics, const char *line)
{
    static const char *const modes[] = {
        "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"};
    double ticks[COUNT(modes)];
    double tick = (double)sysconf(_SC_CLK_TCK);

    if (sscanf(line, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &ticks[0], &ticks[1], &ticks[2],
            &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7]) != COUNT(modes))
        return;
    for (size_t i = 0; i < COUNT(modes); i++)
        metrics_set(metrics, &cpu, ticks[i] / tick, modes[i]);
}

static void
read_disk(struct metrics *metrics, int root)
{
    struct statvfs stat;

    if (fstatvfs(root, &stat) != 0)
        return;
    metrics_set(metrics, &disk, (double)stat.f_blocks * (double)stat.f_frsize, "total");
    metrics_set(metrics, &disk, (double)stat.f_bavail * (double)stat.f_frsize, "free");
}

void
host_collect(struct metrics *metrics, int root)
{
    metrics_clear(metrics, &network); /* interfaces come and go */
    each_line("/proc/loadavg", read_load, metrics);
    each_line("/proc/meminfo", read_memory, metrics);
    each_line("/proc/net/dev", read_network, metrics);
    each_line("/proc/stat", read_cpu, metrics);
    read_disk(metrics, root);
}
