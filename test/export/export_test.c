#include "export/export.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "store/users.h"

enum {
    GOLDEN_BYTES = 8192
};

#define A_KEY "BxQhLjtIVWJvfImWo7C9ytfk8f4LGCUyP0xZZnOAjZo="

static struct fixture fixture;

/* Without line breaks at its end. */
static const char *
trimmed(const char *text)
{
    size_t length = strlen(text);

    while (length > 0 && text[length - 1] == '\n')
        length--;
    return arena_printf(&fixture.arena, "%.*s", (int)length, text);
}

static const char *
golden_or_null(const char *name)
{
    char *text = arena_alloc(&fixture.arena, GOLDEN_BYTES);
    FILE *file = fopen(arena_printf(&fixture.arena, "test/golden/%s", name), "r");

    if (file == NULL)
        return NULL;
    CHECK(fread(text, 1, GOLDEN_BYTES, file) < GOLDEN_BYTES);
    fclose(file);
    return trimmed(text);
}

static const char *
golden(const char *name)
{
    const char *text = golden_or_null(name);

    if (text == NULL)
        check_failed(name, "is not there");
    return text == NULL ? "" : text;
}

/* With this in place of each "*". */
static const char *
filled(const char *text, const char *value)
{
    struct text out = {.arena = &fixture.arena};

    for (; *text != '\0'; text++) {
        if (*text == '*')
            text_put(&out, value);
        else
            text_add(&out, text, 1);
    }
    return out.data;
}

static void
become(const char *command, int in, int out)
{
    int null = open("/dev/null", O_WRONLY);

    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execlp("sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* What a command says about the file. */
static const char *
scan(const struct export_file *file, const char *command)
{
    char path[] = "/tmp/tracegate-qr-XXXXXX";
    char *text = arena_alloc(&fixture.arena, GOLDEN_BYTES);
    int ends[2], status, fd = mkostemp(path, O_CLOEXEC);
    ssize_t part;
    size_t size = 0;

    CHECK(fd >= 0 && write(fd, file->data, file->size) == (ssize_t)file->size);
    CHECK(lseek(fd, 0, SEEK_SET) == 0 && pipe2(ends, O_CLOEXEC) == 0);
    pid_t child = fork();
    if (child == 0)
        become(command, fd, ends[1]);
    close(ends[1]);
    while ((part = read(ends[0], text + size, GOLDEN_BYTES - 1 - size)) > 0)
        size += (size_t)part;
    close(ends[0]);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    close(fd);
    unlink(path);
    return trimmed(text);
}

static struct export_source
source_of(int protocol, int variant, const char *config)
{
    return (struct export_source){.revision_id = "r",
        .protocol = protocol,
        .variant = variant,
        .effective_config_json = config,
        .device_name = "phone",
        .number = 0xa3f};
}

static struct export_source
a_phone(void)
{
    return source_of(PROTOCOL_VLESS_REALITY, VARIANT_B1, golden("vless_reality_direct.in.json"));
}

/* -- forms --------------------------------------------------------------------------------- */

/* Golden configurations: test/golden/NAME.in.json, and what becomes of it in NAME.FORM.want. */
static const struct {
    const char *name;
    int protocol, variant;
} goldens[] = {
    {"vless_reality_direct", PROTOCOL_VLESS_REALITY, VARIANT_B1},
    {"vless_reality_chain", PROTOCOL_VLESS_REALITY, VARIANT_B2},
    {"vless_ws_tls_direct", PROTOCOL_VLESS_WS_TLS, VARIANT_B1},
    {"vless_ws_tls_chain", PROTOCOL_VLESS_WS_TLS, VARIANT_B2},
    {"hysteria2_direct", PROTOCOL_HYSTERIA2, VARIANT_B3},
    {"hysteria2_pinned", PROTOCOL_HYSTERIA2, VARIANT_B3},
    {"wireguard_direct", PROTOCOL_WIREGUARD, VARIANT_B5},
    {"wireguard_split", PROTOCOL_WIREGUARD, VARIANT_B5},
};

static const struct {
    int format;
    const char *name, *type, *file;
} texts[] = {
    {FORMAT_URI, "uri", "text/plain; charset=utf-8", "phone-a3f.txt"},
    {FORMAT_CONF, "conf", "text/plain; charset=utf-8", "phone-a3f.conf"},
    {FORMAT_XRAY, "xray", "application/json", "phone-a3f.json"},
    {FORMAT_SINGBOX, "singbox", "application/json", "phone-a3f.json"},
    {FORMAT_MIHOMO, "mihomo", "application/yaml", "phone-a3f.yaml"},
};

/* Without a golden file the protocol has no such form. */
static void
check_text(const struct export_source *source, const char *name, size_t text)
{
    const char *want =
        golden_or_null(arena_printf(&fixture.arena, "%s.%s.want", name, texts[text].name));
    struct export_file file;

    if (want == NULL) {
        CHECK(!export_make(source, texts[text].format, &fixture.arena, &file, &fixture.err));
        CHECK_INT(ERR_EXPORT_FORMAT, fixture.err.code);
        return;
    }
    CHECK(export_make(source, texts[text].format, &fixture.arena, &file, &fixture.err));
    CHECK_STR(want, trimmed(file.data));
    CHECK_INT((long long)strlen(file.data), (long long)file.size);
    CHECK_STR(texts[text].type, file.type);
    CHECK_STR(texts[text].file, file.name);
}

static void
test_every_form_is_as_its_programs_read_it(void)
{
    for (size_t i = 0; i < COUNT(goldens); i++) {
        const struct export_source source = source_of(goldens[i].protocol, goldens[i].variant,
            golden(arena_printf(&fixture.arena, "%s.in.json", goldens[i].name)));

        for (size_t text = 0; text < COUNT(texts); text++)
            check_text(&source, goldens[i].name, text);
    }
}

/* What issuing writes today: test/golden/effective_NAME.want, where a random value is "*". */
static const struct {
    const char *name, *random;
    int protocol, variant;
    int lacks; /* a form, besides those that its protocol does; -1: none */
} issued[] = {
    {"reality_direct", FIXTURE_DEVICE, PROTOCOL_VLESS_REALITY, VARIANT_B1, -1},
    {"reality_chain", FIXTURE_DEVICE, PROTOCOL_VLESS_REALITY, VARIANT_B2, -1},
    {"reality_chain_xray", FIXTURE_DEVICE, PROTOCOL_VLESS_REALITY, VARIANT_B2, -1},
    {"ws_direct", FIXTURE_DEVICE, PROTOCOL_VLESS_WS_TLS, VARIANT_B1, -1},
    {"ws_direct_by_address", FIXTURE_DEVICE, PROTOCOL_VLESS_WS_TLS, VARIANT_B1, -1},
    {"ws_direct_overridden", FIXTURE_DEVICE, PROTOCOL_VLESS_WS_TLS, VARIANT_B1, FORMAT_XRAY},
    {"ws_chain", FIXTURE_DEVICE, PROTOCOL_VLESS_WS_TLS, VARIANT_B2, -1},
    {"ws_chain_xray", FIXTURE_DEVICE, PROTOCOL_VLESS_WS_TLS, VARIANT_B2, -1},
    {"hysteria", "secret", PROTOCOL_HYSTERIA2, VARIANT_B3, -1},
    {"hysteria_pinned_http", "secret", PROTOCOL_HYSTERIA2, VARIANT_B3, FORMAT_SINGBOX},
    {"wireguard", A_KEY, PROTOCOL_WIREGUARD, VARIANT_B5, -1},
    {"wireguard_overridden", A_KEY, PROTOCOL_WIREGUARD, VARIANT_B5, -1},
};

static void
check_issued(size_t i, int format)
{
    const char *config = golden(arena_printf(&fixture.arena, "effective_%s.want", issued[i].name));
    const struct export_source source =
        source_of(issued[i].protocol, issued[i].variant, filled(config, issued[i].random));
    bool lacks = format == issued[i].lacks ||
        (format == FORMAT_CONF && issued[i].protocol != PROTOCOL_WIREGUARD);
    struct export_file file;
    bool made = export_make(&source, format, &fixture.arena, &file, &fixture.err);

    if (!CHECK(made != lacks))
        check_failed(issued[i].name, "format %d: %s", format, made ? "" : fixture.err.detail);
    CHECK(made || fixture.err.code == ERR_EXPORT_FORMAT);
}

static void
test_what_is_issued_can_be_exported(void)
{
    for (size_t i = 0; i < COUNT(issued); i++) {
        for (int format = FORMAT_URI; format <= FORMAT_MIHOMO; format++)
            check_issued(i, format);
    }
}

/* -- what cannot be exported --------------------------------------------------------------- */

static void
test_what_older_releases_left_out_is_named(void)
{
    static const struct {
        int protocol;
        const char *config, *names;
    } cases[] = {
        {PROTOCOL_VLESS_REALITY, "{}", "server, port, uuid, sni, reality"},
        {PROTOCOL_VLESS_REALITY,
            "{\"server\":\"t\\nx\",\"port\":\"0\",\"uuid\":1,\"sni\":null,\"reality\":{\"short_id\":\"\"}}",
            "server, port, uuid, sni, reality.public_key"},
        {PROTOCOL_VLESS_WS_TLS, "[]", "all of it"},
        {PROTOCOL_HYSTERIA2, "{\"server\":\"t\",\"port\":443,\"auth\":{}}", "auth.password"},
        {PROTOCOL_WIREGUARD,
            "{\"endpoint\":\"t\",\"interface\":{\"addresses\":[\"10.0.0.1\"]},\"peer\":{}}",
            "endpoint, interface.addresses.0, interface.private_key, peer.public_key"},
    };
    struct export_file file;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct export_source source =
            source_of(cases[i].protocol, VARIANT_B1, cases[i].config);

        CHECK(!export_make(&source, FORMAT_URI, &fixture.arena, &file, &fixture.err));
        CHECK_INT(ERR_EXPORT_CONFIG, fixture.err.code);
        CHECK_STR(arena_printf(&fixture.arena,
                      "The configuration cannot be exported; missing or not as it should be: %s",
                      cases[i].names),
            fixture.err.detail);
        for (int format = FORMAT_CONF; format <= FORMAT_MIHOMO; format++) {
            enum err_code want = format == FORMAT_CONF && cases[i].protocol != PROTOCOL_WIREGUARD
                ? ERR_EXPORT_FORMAT
                : ERR_EXPORT_CONFIG;

            CHECK(!export_make(&source, format, &fixture.arena, &file, &fixture.err));
            CHECK_INT(want, fixture.err.code);
        }
    }
}

static void
test_what_a_program_cannot_be_told_is_not_told(void)
{
    static const struct {
        int protocol, format;
        const char *config;
    } cases[] = {
        {PROTOCOL_VLESS_WS_TLS, FORMAT_XRAY,
            "{\"server\":\"t\",\"port\":443,\"uuid\":\"" FIXTURE_DEVICE
            "\",\"sni\":\"t\",\"tls\":{\"insecure\":true},\"ws\":{\"path\":\"/\"}}"},
        {PROTOCOL_HYSTERIA2, FORMAT_XRAY,
            "{\"server\":\"t\",\"port\":443,\"auth\":{\"password\":\"x\"},\"insecure\":true}"},
    };
    struct export_file file;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct export_source source =
            source_of(cases[i].protocol, VARIANT_B1, cases[i].config);

        CHECK(!export_make(&source, cases[i].format, &fixture.arena, &file, &fixture.err));
        CHECK_INT(ERR_EXPORT_FORMAT, fixture.err.code);
        CHECK(export_make(&source, FORMAT_URI, &fixture.arena, &file, &fixture.err));
        CHECK(export_make(&source, FORMAT_SINGBOX, &fixture.arena, &file, &fixture.err));
        CHECK(strstr(file.data, "\"insecure\": true") != NULL);
        CHECK(export_make(&source, FORMAT_MIHOMO, &fixture.arena, &file, &fixture.err));
        CHECK(strstr(file.data, "skip-cert-verify: true") != NULL);
    }
}

/* -- QR codes ------------------------------------------------------------------------------ */

/* What the picture says: the drawing is painted by a program that is not ours, too. */
static void
test_a_qr_code_says_the_same_as_the_text(void)
{
    static const struct {
        const char *name, *form;
        int protocol, variant;
    } cases[] = {
        {"vless_reality_direct", "uri", PROTOCOL_VLESS_REALITY, VARIANT_B1},
        {"wireguard_direct", "conf", PROTOCOL_WIREGUARD, VARIANT_B5},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct export_source source = source_of(cases[i].protocol, cases[i].variant,
            golden(arena_printf(&fixture.arena, "%s.in.json", cases[i].name)));
        const char *want =
            golden(arena_printf(&fixture.arena, "%s.%s.want", cases[i].name, cases[i].form));
        struct export_file file;

        CHECK(export_make(&source, FORMAT_QR_PNG, &fixture.arena, &file, &fixture.err));
        CHECK_STR("image/png", file.type);
        CHECK_STR("phone-a3f.png", file.name);
        CHECK_STR(want, scan(&file, "zbarimg -q --raw -"));
        CHECK(export_make(&source, FORMAT_QR_SVG, &fixture.arena, &file, &fixture.err));
        CHECK_STR("image/svg+xml", file.type);
        CHECK_STR("phone-a3f.svg", file.name);
        CHECK_STR(want, scan(&file, "rsvg-convert | zbarimg -q --raw -"));
    }
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
        struct export_source source = a_phone();

        source.device_name = cases[i].device;
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
    test_every_form_is_as_its_programs_read_it();
    test_what_is_issued_can_be_exported();
    test_what_older_releases_left_out_is_named();
    test_what_a_program_cannot_be_told_is_not_told();
    test_a_qr_code_says_the_same_as_the_text();
    test_a_file_is_named_after_its_device();
    test_only_the_owner_gets_it_whatever_the_rank();
    fixture_close(&fixture);
    return check_report("export/export");
}
