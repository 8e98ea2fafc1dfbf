#include "harness/xray_lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/time.h"

enum {
    START_MS = 10000,
    ANSWER_MS = 3000,
    END_MS = 5000,
    STEP_MS = 5
};

static const char private_key[] = "kOn1rUUKdJqETJfVuaoXZOONT3pZo298EGvz6KZco10";
static const char public_key[] = "l2bP07y1HPb4AMvYEgBR6H9fZ6iqA35NaLL0rNPTPWk";

const char *
xray_lab_binary(void)
{
    const char *binary = getenv("XRAY");

    if (binary == NULL || *binary == '\0')
        binary = "build/peers/xray";
    return access(binary, X_OK) == 0 ? binary : NULL;
}

int
xray_lab_skip(void)
{
    puts("1..0 # SKIP no Xray: neither $XRAY nor build/peers/xray is there");
    return 0;
}

/* -- processes and sockets ------------------------------------------------------------- */

static pid_t
start(const struct xray_lab *lab, const char *const *argv)
{
    char log[LAB_PATH_SIZE];
    char *copy[8] = {0};

    snprintf(log, sizeof(log), "%s/log", lab->dir);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    for (size_t i = 0; argv[i] != NULL; i++)
        copy[i] = strdup(argv[i]);
    setenv("GODEBUG", "multipathtcp=0", 1); /* else a cut connection may live on in a subflow */
    execvp(copy[0], copy);
    _exit(127);
}

bool
xray_lab_run(const struct xray_lab *lab, const char *const *argv)
{
    int status = 1;
    pid_t pid = start(lab, argv);

    return waitpid(pid, &status, 0) == pid && status == 0;
}

static void
end(pid_t *pid)
{
    if (*pid <= 0)
        return;
    kill(*pid, SIGKILL);
    waitpid(*pid, NULL, 0);
    *pid = 0;
}

static int
free_port(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    bind(fd, (struct sockaddr *)&in, size);
    getsockname(fd, (struct sockaddr *)&in, &size);
    close(fd);
    return ntohs(in.sin_port);
}

static int
dial(int port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0)
        return fd;
    close(fd);
    return -1;
}

static int
dial_path(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Until somebody listens there; `path` or port. */
static bool
wait_listening(const char *path, int port)
{
    usec_t deadline = time_monotonic() + START_MS * USEC_MS;

    while (time_monotonic() < deadline) {
        int fd = path != NULL ? dial_path(path) : dial(port);
        if (fd >= 0)
            return close(fd) == 0;
        poll(NULL, 0, STEP_MS);
    }
    return false;
}

static bool
write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
}

/* -- the site that sends without end, and the one that Xray pretends to be ------------- */

static NORETURN void
pour(int fd)
{
    static char block[4096];

    signal(SIGPIPE, SIG_DFL);
    while (send(fd, block, sizeof(block), 0) > 0)
        poll(NULL, 0, STEP_MS); /* so that it is alive without eating the machine */
    _exit(0);
}

static NORETURN void
serve_stream(int listener)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            pour(fd);
        }
    }
    _exit(1);
}

static bool
start_stream(struct xray_lab *lab)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&in, size) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&in, &size) != 0)
        return false;
    lab->stream_port = ntohs(in.sin_port);
    lab->stream = fork();
    if (lab->stream == 0)
        serve_stream(fd);
    return close(fd) == 0;
}

static bool
make_certificate(const struct xray_lab *lab)
{
    char key[LAB_PATH_SIZE], certificate[LAB_PATH_SIZE], script[512];

    snprintf(key, sizeof(key), "%s/key.pem", lab->dir);
    snprintf(certificate, sizeof(certificate), "%s/cert.pem", lab->dir);
    snprintf(script, sizeof(script),
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout %s"
        " -out %s -days 30 -subj /CN=decoy.test -addext subjectAltName=DNS:decoy.test",
        key, certificate);
    return xray_lab_run(lab, (const char *const[]){"sh", "-c", script, NULL});
}

static bool
start_decoy(struct xray_lab *lab)
{
    struct arena arena = {0};
    char path[LAB_PATH_SIZE];

    lab->decoy_port = free_port();
    snprintf(path, sizeof(path), "%s/nginx.conf", lab->dir);
    const char *text = arena_printf(&arena,
        "daemon off; pid %s/nginx.pid; error_log %s/log; worker_processes 1;%s\n"
        "events {}\n"
        "http { access_log off; server { listen 127.0.0.1:%d ssl http2; server_name decoy.test;\n"
        "ssl_certificate %s/cert.pem; ssl_certificate_key %s/key.pem; ssl_protocols TLSv1.3;\n"
        "location / { return 200 \"decoy\"; } } }\n",
        lab->dir, lab->dir, getuid() == 0 ? " user root;" : "", lab->decoy_port, lab->dir,
        lab->dir);
    bool ok = make_certificate(lab) && write_text(path, text);
    arena_reset(&arena);
    if (!ok)
        return false;
    lab->decoy = start(lab, (const char *const[]){"nginx", "-c", path, NULL});
    return wait_listening(NULL, lab->decoy_port);
}

/* -- Xray ------------------------------------------------------------------------------ */

static bool
write_config(struct xray_lab *lab)
{
    struct arena arena = {0};

    lab->port = free_port();
    snprintf(lab->config, sizeof(lab->config), "%s/xray.json", lab->dir);
    const char *text = arena_printf(&arena,
        "{\"log\":{\"loglevel\":\"warning\",\"access\":\"none\"},\n"
        "\"api\":{\"tag\":\"api\",\"listen\":\"%s\","
        "\"services\":[\"HandlerService\",\"StatsService\"]},\n"
        "\"stats\":{},\"policy\":{\"levels\":{\"0\":{\"statsUserOnline\":true}}},\n"
        "\"inbounds\":[{\"tag\":\"" LAB_TAG "\",\"listen\":\"0.0.0.0\",\"port\":%d,"
        "\"protocol\":\"vless\",\"settings\":{\"decryption\":\"none\",\"clients\":["
        "{\"id\":\"" LAB_CHAIN "\",\"email\":\"chain-link\",\"flow\":\"" LAB_FLOW "\"}]},\n"
        "\"streamSettings\":{\"network\":\"tcp\",\"security\":\"reality\",\"realitySettings\":{"
        "\"dest\":\"127.0.0.1:%d\",\"serverNames\":[\"decoy.test\"],\"privateKey\":\"%s\","
        "\"shortIds\":[\"0123456789abcdef\"],\"minClientVer\":\"1.8.0\"}},\n"
        "\"sniffing\":{\"enabled\":true,\"destOverride\":[\"http\",\"tls\"],"
        "\"routeOnly\":true}}],\n"
        "\"outbounds\":[{\"tag\":\"direct\",\"protocol\":\"freedom\","
        "\"settings\":{\"finalRules\":[{\"action\":\"allow\"}]}}],\n"
        "\"routing\":{\"rules\":[{\"ruleTag\":\"all\",\"inboundTag\":[\"" LAB_TAG "\"],"
        "\"outboundTag\":\"direct\",\"webhook\":{\"url\":\"%s:/hook\"}}]}}\n",
        lab->api, lab->port, lab->decoy_port, private_key, lab->hook);
    bool ok = write_text(lab->config, text);
    arena_reset(&arena);
    return ok;
}

bool
xray_lab_open(struct xray_lab *lab)
{
    *lab = (struct xray_lab){0};
    snprintf(lab->dir, sizeof(lab->dir), "/tmp/tracegate-lab-XXXXXX");
    if (mkdtemp(lab->dir) == NULL)
        return false;
    snprintf(lab->api, sizeof(lab->api), "%s/api.sock", lab->dir);
    snprintf(lab->hook, sizeof(lab->hook), "%s/hook.sock", lab->dir);
    return start_stream(lab) && start_decoy(lab) && write_config(lab);
}

void
xray_lab_close(struct xray_lab *lab)
{
    for (size_t i = 0; i < LAB_CLIENTS; i++)
        end(&lab->clients[i]);
    end(&lab->server);
    end(&lab->stream);
    if (lab->decoy > 0) /* the worker ends with its master only when that one is asked */
        kill(lab->decoy, SIGTERM), waitpid(lab->decoy, NULL, 0);
    lab->decoy = 0;
    xray_lab_run(lab, (const char *const[]){"rm", "-rf", lab->dir, NULL});
}

bool
xray_lab_start(struct xray_lab *lab)
{
    unlink(lab->api); /* a killed Xray leaves it, and the next one refuses to start over it */
    lab->server =
        start(lab, (const char *const[]){xray_lab_binary(), "run", "-c", lab->config, NULL});
    return wait_listening(lab->api, 0) && wait_listening(NULL, lab->port);
}

void
xray_lab_kill(struct xray_lab *lab)
{
    end(&lab->server);
}

int
xray_lab_client(struct xray_lab *lab, int which, const char *uuid)
{
    struct arena arena = {0};
    char path[LAB_PATH_SIZE];
    int port = free_port();

    end(&lab->clients[which]);
    snprintf(path, sizeof(path), "%s/client-%d.json", lab->dir, which);
    const char *text = arena_printf(&arena,
        "{\"log\":{\"loglevel\":\"warning\"},\"inbounds\":[{\"listen\":\"127.0.0.1\",\"port\":%d,"
        "\"protocol\":\"socks\",\"settings\":{\"auth\":\"noauth\"}}],\n"
        "\"outbounds\":[{\"sendThrough\":\"127.0.0.7\",\"protocol\":\"vless\",\"settings\":{\"vnext\":[{"
        "\"address\":\"127.0.0.1\",\"port\":%d,\"users\":[{\"id\":\"%s\",\"encryption\":\"none\","
        "\"flow\":\"" LAB_FLOW "\"}]}]},\n"
        "\"streamSettings\":{\"network\":\"tcp\",\"security\":\"reality\",\"realitySettings\":{"
        "\"serverName\":\"decoy.test\",\"fingerprint\":\"chrome\",\"publicKey\":\"%s\","
        "\"shortId\":\"0123456789abcdef\"}}}]}\n",
        port, lab->port, uuid, public_key);
    bool ok = write_text(path, text);
    arena_reset(&arena);
    if (!ok)
        return 0;
    lab->clients[which] =
        start(lab, (const char *const[]){xray_lab_binary(), "run", "-c", path, NULL});
    return wait_listening(NULL, port) ? port : 0;
}

/* -- what a user does ------------------------------------------------------------------ */

static bool
readable(int fd, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return poll(&poll_fd, 1, timeout_ms) == 1;
}

static bool
ask_socks(int fd, int port)
{
    const uint8_t connect[] = {5, 1, 0, 1, 127, 0, 0, 1, (uint8_t)(port >> 8), (uint8_t)port};
    static const char request[] = "GET / HTTP/1.1\r\nHost: stream.test\r\n\r\n";
    uint8_t answer[16];

    return send(fd, "\5\1\0", 3, MSG_NOSIGNAL) == 3 && readable(fd, ANSWER_MS) &&
        recv(fd, answer, 2, 0) == 2 &&
        send(fd, connect, sizeof(connect), MSG_NOSIGNAL) == sizeof(connect) &&
        readable(fd, ANSWER_MS) && recv(fd, answer, 10, MSG_WAITALL) == 10 &&
        send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == sizeof(request) - 1;
}

int
xray_lab_download(const struct xray_lab *lab, int socks_port)
{
    int fd = dial(socks_port);
    char byte;

    if (fd >= 0 && ask_socks(fd, lab->stream_port) && readable(fd, ANSWER_MS) &&
        recv(fd, &byte, 1, 0) == 1)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

bool
xray_lab_flows(int fd)
{
    static char block[65536];

    /* what is buffered proves nothing: several blocks more must come */
    for (int i = 0; i < 16; i++) {
        if (!readable(fd, ANSWER_MS) || recv(fd, block, sizeof(block), 0) <= 0)
            return false;
    }
    return true;
}

int
xray_lab_wait_end(int fd)
{
    static char block[65536];
    usec_t start_at = time_monotonic();

    while (time_monotonic() - start_at < END_MS * USEC_MS) {
        if (readable(fd, 100) && recv(fd, block, sizeof(block), 0) <= 0)
            return (int)((time_monotonic() - start_at) / USEC_MS);
    }
    return -1;
}
