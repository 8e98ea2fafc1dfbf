#include "agent/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

enum {
    LINE_SIZE = 512,
    STATE_LISTEN = 0x0a,
    STATE_UNCONNECTED = 0x07 /* of a UDP socket that takes from anybody */
};

static const struct {
    const char *files[2];
    unsigned state;
} kinds[] = {
    [PROC_TCP] = {{"/proc/net/tcp", "/proc/net/tcp6"}, STATE_LISTEN},
    [PROC_UDP] = {{"/proc/net/udp", "/proc/net/udp6"}, STATE_UNCONNECTED},
};

/* "  0: 00000000:01BB 00000000:0000 0A …" */
static bool
line_listens(const char *line, int port, unsigned wanted)
{
    unsigned local = 0, state = 0;

    return sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &local, &state) == 2 &&
        local == (unsigned)port && state == wanted;
}

static bool
file_listens(const char *path, int port, unsigned state)
{
    FILE *file = fopen(path, "re");
    char line[LINE_SIZE];
    bool found = false;

    if (file == NULL)
        return false;
    while (!found && fgets(line, sizeof(line), file) != NULL)
        found = line_listens(line, port, state);
    fclose(file);
    return found;
}

bool
proc_listens(enum proc_socket kind, int port)
{
    return file_listens(kinds[kind].files[0], port, kinds[kind].state) ||
        file_listens(kinds[kind].files[1], port, kinds[kind].state);
}

/* The executable's name also where the process has given itself another. */
static bool
process_is(const char *pid, const char *name)
{
    char path[64], text[LINE_SIZE];
    ssize_t size;

    snprintf(path, sizeof(path), "/proc/%.16s/exe", pid);
    size = readlink(path, text, sizeof(text) - 1);
    if (size > 0) {
        text[size] = '\0';
        const char *slash = strrchr(text, '/');
        if (slash != NULL && str_eq(slash + 1, name))
            return true;
    }
    snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size = read(fd, text, sizeof(text) - 1);
    close(fd);
    return size > 0 && (size_t)size == strlen(name) + 1 && memcmp(text, name, strlen(name)) == 0;
}

int
proc_find(const char *name)
{
    DIR *processes = opendir("/proc");
    const struct dirent *entry;
    int pid = 0;

    if (processes == NULL)
        return 0;
    while (pid == 0 && (entry = readdir(processes)) != NULL) {
        char *end;
        long number = strtol(entry->d_name, &end, 10);

        if (*end == '\0' && number > 0 && process_is(entry->d_name, name))
            pid = (int)number;
    }
    closedir(processes);
    return pid;
}
