/* A configuration of any content in any form: the first two bytes choose protocol and form. It is a
 * file or a refusal that has a name; what was made is whole, and no value breaks out of its line.
 */
#include <string.h>

#include "base/str.h"
#include "export/export.h"
#include "fuzz/fuzz.h"
#include "schema/json.h"
#include "store/connections.h"

static size_t
lines_of(const struct export_file *file)
{
    size_t lines = 0;

    for (size_t i = 0; i < file->size; i++)
        lines += ((const char *)file->data)[i] == '\n';
    return lines;
}

static void
check_file(const struct export_file *file, int format, struct arena *arena)
{
    struct json_object *json;

    FUZZ_PROMISE(file->size > 0);
    if (format != FORMAT_QR_PNG)
        FUZZ_PROMISE(utf8_valid(file->data, file->size));
    if (format == FORMAT_URI)
        FUZZ_PROMISE(lines_of(file) == 0);
    if (format == FORMAT_CONF)
        FUZZ_PROMISE(lines_of(file) <= 12);
    if (format == FORMAT_XRAY || format == FORMAT_SINGBOX)
        FUZZ_PROMISE(json_read(arena, file->data, file->size, &json));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct export_file file;
    struct err err;

    if (size < 2)
        return 0;
    int format = data[1] % (FORMAT_MIHOMO + 1);
    char *config = arena_alloc(&arena, size - 1);
    memcpy(config, data + 2, size - 2);
    const struct export_source source = {.protocol = data[0] % (PROTOCOL_WIREGUARD + 1),
        .effective_config_json = config,
        .device_name = "phone"};
    if (export_make(&source, format, &arena, &file, &err))
        check_file(&file, format, &arena);
    else
        FUZZ_PROMISE(err.code == ERR_EXPORT_CONFIG || err.code == ERR_EXPORT_FORMAT);
    arena_reset(&arena);
    return 0;
}
