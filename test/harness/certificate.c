#include "harness/certificate.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/check.h"

void
certificate_make(const char *file)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        execlp("openssl", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=test", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", file, "-out", file, (char *)NULL);
        _exit(1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    CHECK_INT(0, status);
}
