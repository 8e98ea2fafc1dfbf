/* The camouflage catalogue, a YAML file: it is loaded whole or refused with its place. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "domain/catalog.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct catalog catalog = {0};
    struct err err = {0};
    int fd = memfd_create("catalogue", MFD_CLOEXEC);

    if (fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0) {
        if (catalog_load(arena_printf(&arena, "/proc/self/fd/%d", fd), &arena, &catalog, &err)) {
            int64_t last = 0;

            for (size_t i = 0; i < catalog.names.count; i++) {
                const struct sni *sni = (const struct sni *)catalog.names.at + i;

                FUZZ_PROMISE(sni->id > last && sni->fqdn != NULL && strlen(sni->fqdn) > 0);
                last = sni->id;
            }
        } else {
            FUZZ_PROMISE(err.code != ERR_NONE && err.detail[0] != '\0');
        }
    }
    close(fd);
    arena_reset(&arena);
    return 0;
}
