#include "export/export.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/fixture.h"
#include "store/users.h"

enum {
    GOLDEN_BYTES = 4096
};

static struct fixture fixture;

/* The file's text without its final newline. */
static const char *
golden(const char *name)
{
    const char *path = arena_printf(&fixture.arena, "test/golden/%s", name);
    char *text = arena_alloc(&fixture.arena, GOLDEN_BYTES);
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        check_failed(path, "is not there");
        return text;
    }
    size_t size = fread(text, 1, GOLDEN_BYTES - 1, file);
    fclose(file);
    if (size > 0 && text[size - 1] == '\n')
        text[size - 1] = '\0';
    return text;
}

static struct export_source
source_of(const char *config, const char *device_name)
{
    return (struct export_source){.revision_id = "r",
        .effective_config_json = config,
        .device_name = device_name,
        .number = 0xa3f};
}

/* -- links --------------------------------------------------------------------------------- */

static void
test_a_link_is_as_clients_read_it(void)
{
    static const struct {
        const char *config, *want;
        int variant;
    } cases[] = {
        {"vless_reality_direct.in.json", "vless_reality_direct.want", VARIANT_B1},
        {"vless_reality_chain.in.json", "vless_reality_chain.want", VARIANT_B2},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct export_source source = source_of(golden(cases[i].config), "phone");
        struct export_file file;

        source.variant = cases[i].variant;
        CHECK(export_make(&source, FORMAT_URI, &fixture.arena, &file, &fixture.err));
        CHECK_STR(golden(cases[i].want), file.data);
        CHECK_INT((long long)strlen(file.data), (long long)file.size);
        CHECK_STR("text/plain; charset=utf-8", file.type);
    }
}

static void
test_a_broken_configuration_is_our_fault(void)
{
    static const char *const configs[] = {NULL, "{}", "{\"uuid\":1}"};
    struct export_file file;

    for (size_t i = 0; i < COUNT(configs); i++) {
        const struct export_source source = source_of(configs[i], "phone");

        CHECK(!export_make(&source, FORMAT_URI, &fixture.arena, &file, &fixture.err));
        CHECK_INT(ERR_INTERNAL, fixture.err.code);
    }
}

static void
test_a_form_that_the_protocol_lacks_is_refused(void)
{
    struct export_source source = source_of(golden("vless_reality_direct.in.json"), "phone");
    struct export_file file;

    CHECK(!export_make(&source, FORMAT_CONF, &fixture.arena, &file, &fixture.err));
    CHECK_INT(ERR_EXPORT_FORMAT, fixture.err.code);
    source.protocol = PROTOCOL_WIREGUARD;
    CHECK(!export_make(&source, FORMAT_URI, &fixture.arena, &file, &fixture.err));
    CHECK_INT(ERR_EXPORT_FORMAT, fixture.err.code);
}

/* -- QR codes ------------------------------------------------------------------------------ */

/* Becomes the scanner, which writes what it reads into the pipe. */
static void
become_scanner(const char *path, int out)
{
    int null = open("/dev/null", O_WRONLY);

    dup2(out, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execlp("zbarimg", "zbarimg", "-q", "--raw", path, (char *)NULL);
    _exit(127);
}

/* What a scanner reads from the picture, without the final newline. */
static const char *
scan(const struct export_file *file)
{
    char path[] = "/tmp/tracegate-qr-XXXXXX";
    char *text = arena_alloc(&fixture.arena, GOLDEN_BYTES);
    int ends[2], status, fd = mkostemp(path, O_CLOEXEC);
    ssize_t part;
    size_t size = 0;

    CHECK(fd >= 0 && write(fd, file->data, file->size) == (ssize_t)file->size);
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    pid_t child = fork();
    if (child == 0)
        become_scanner(path, ends[1]);
    close(ends[1]);
    while ((part = read(ends[0], text + size, GOLDEN_BYTES - 1 - size)) > 0)
        size += (size_t)part;
    close(ends[0]);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    close(fd);
    unlink(path);
    text[size == 0 ? 0 : size - 1] = '\0';
    return text;
}

static void
test_a_qr_code_says_the_same_as_the_link(void)
{
    const struct export_source source = source_of(golden("vless_reality_direct.in.json"), "phone");
    struct export_file file;

    CHECK(export_make(&source, FORMAT_QR_PNG, &fixture.arena, &file, &fixture.err));
    CHECK_STR("image/png", file.type);
    CHECK_STR(golden("vless_reality_direct.want"), scan(&file));
}

/* -- names --------------------------------------------------------------------------------- */

static void
test_a_file_is_named_after_its_device(void)
{
    static const struct {
        const char *device, *name;
    } cases[] = {
        {"phone", "phone-a3f.txt"},
        {"Ada's  new phone", "Ada-s-new-p-a3f.txt"},
        {"a_b=c+d.e", "a_b=c+d.e-a3f.txt"},
        {"..", "..-a3f.txt"},
        {"\"; evil=\"", "evil=-a3f.txt"},
        {"Телефон", "tracegate-a3f.txt"},
        {"", "tracegate-a3f.txt"},
        {"0123456789012345", "01234567890-a3f.txt"},
        {"0123456789 2345", "0123456789-a3f.txt"},
    };
    struct export_file file;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct export_source source =
            source_of(golden("vless_reality_direct.in.json"), cases[i].device);

        CHECK(export_make(&source, FORMAT_URI, &fixture.arena, &file, &fixture.err));
        CHECK_STR(cases[i].name, file.name);
    }
}

/* -- who gets it --------------------------------------------------------------------------- */

static void
test_only_the_owner_gets_it_whatever_the_rank(void)
{
    struct connection connection;
    struct export_file file;

    fixture_turn(&fixture);
    fixture_connect(&fixture, &connection);
    fixture.turn.actor.telegram_id = 8;
    fixture.turn.actor.role = ROLE_SUPERADMIN;
    CHECK(!export_connection(&fixture.turn, connection.id, FORMAT_URI, &file, &fixture.err));
    CHECK_INT(ERR_CONNECTION_NOT_FOUND, fixture.err.code);
    CHECK(
        !export_revision(&fixture.turn, connection.revision->id, FORMAT_URI, &file, &fixture.err));
    CHECK_INT(ERR_REVISION_NOT_FOUND, fixture.err.code);
    fixture.turn.actor.telegram_id = FIXTURE_USER;
    fixture.turn.actor.role = ROLE_USER;
    CHECK(export_connection(&fixture.turn, connection.id, FORMAT_URI, &file, &fixture.err));
    CHECK(export_revision(&fixture.turn, connection.revision->id, FORMAT_URI, &file, &fixture.err));
    fixture.turn.actor.telegram_id = 0;
}

int
main(void)
{
    fixture_open(&fixture);
    test_a_link_is_as_clients_read_it();
    test_a_broken_configuration_is_our_fault();
    test_a_form_that_the_protocol_lacks_is_refused();
    test_a_qr_code_says_the_same_as_the_link();
    test_a_file_is_named_after_its_device();
    test_only_the_owner_gets_it_whatever_the_rank();
    fixture_close(&fixture);
    return check_report("export/export");
}
