#include "agent/xray_codec.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/check.h"

/* What Xray's own Go client sends for these two requests. */
static const char add_hex[] =
    "0a08766c6573732d696e128c010a2a787261792e6170702e70726f78796d616e2e636f6d6d616e642e4164645573"
    "65724f7065726174696f6e125e0a5c1204753140781a540a18787261792e70726f78792e766c6573732e4163636f"
    "756e7412380a2436366164343534302d623538632d346164322d393932362d656136333434356139623537121078"
    "746c732d727072782d766973696f6e";
static const char remove_hex[] =
    "0a08766c6573732d696e12370a2d787261792e6170702e70726f78796d616e2e636f6d6d616e642e52656d6f7665"
    "557365724f7065726174696f6e12060a0475314078";

static const struct xray_entry user = {
    "u1@x", "66ad4540-b58c-4ad2-9926-ea63445a9b57", "xtls-rprx-vision"};

static const char *
hex(struct arena *arena, struct bytes bytes)
{
    char *text = arena_alloc(arena, bytes.size * 2 + 1);

    for (size_t i = 0; i < bytes.size; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes.at[i]);
    return text;
}

static void
test_add_and_remove_are_byte_for_byte_those_of_xray(void)
{
    struct arena arena = {0};
    const struct xray_operation add = xray_encode_add(&arena, "xray.", &user);
    const struct xray_operation remove = xray_encode_remove(&arena, "xray.", "u1@x");

    CHECK_STR(add_hex, hex(&arena, xray_encode_alter(&arena, "vless-in", &add)));
    CHECK_STR(remove_hex, hex(&arena, xray_encode_alter(&arena, "vless-in", &remove)));
    arena_reset(&arena);
}

static void
test_the_prefix_names_the_messages(void)
{
    struct arena arena = {0};

    CHECK_STR("v2ray.core.app.proxyman.command.AddUserOperation",
        xray_encode_add(&arena, "v2ray.core.", &user).type);
    CHECK_STR("v2ray.core.app.proxyman.command.RemoveUserOperation",
        xray_encode_remove(&arena, "v2ray.core.", "u1@x").type);
    arena_reset(&arena);
}

/* The signal that ends a process which encodes this; 0 when it lives. */
static int
signal_of_encoding(const struct xray_operation *operation)
{
    const struct rlimit no_core = {0, 0};
    struct arena arena = {0};
    int status = 0;

    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &no_core);
        fclose(stderr);
        xray_encode_alter(&arena, "vless-in", operation);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void
test_a_change_without_an_operation_cannot_be_encoded(void)
{
    const struct xray_operation nothing = {NULL, {NULL, 0}}, nameless = {"", {NULL, 0}};
    struct arena arena = {0};
    const struct xray_operation remove = xray_encode_remove(&arena, "xray.", "u1@x");

    CHECK_INT(SIGABRT, signal_of_encoding(NULL));
    CHECK_INT(SIGABRT, signal_of_encoding(&nothing));
    CHECK_INT(SIGABRT, signal_of_encoding(&nameless));
    CHECK_INT(0, signal_of_encoding(&remove));
    arena_reset(&arena);
}

/* -- answers --------------------------------------------------------------------------- */

struct seen {
    int count;
    char last[128];
};

static void
see(void *arg, const struct xray_entry *entry)
{
    struct seen *seen = arg;

    seen->count++;
    snprintf(seen->last, sizeof(seen->last), "%s|%s|%s", entry->name, entry->uuid, entry->flow);
}

static struct seen
decode(xray_decode_fn decoder, bool want, const char *data, size_t size)
{
    const struct bytes answer = {(const uint8_t *)data, size};
    struct seen seen = {0};

    CHECK_INT(want, decoder(&answer, &(const struct xray_visit){see, &seen}));
    return seen;
}

static void
test_users(void)
{
    /* {level 0, email "a", account {type "t", value {id "i", flow "f"}}}, and an empty one */
    static const char two[] = "\x0a\x10\x12\x01"
                              "a\x1a\x0b\x0a\x01t\x12\x06\x0a\x01i\x12\x01"
                              "f\x0a\x00";
    struct seen seen = decode(xray_decode_users, true, two, sizeof(two) - 1);

    CHECK_INT(1, seen.count);
    CHECK_STR("a|i|f", seen.last);
    CHECK_INT(0, decode(xray_decode_users, true, "", 0).count);
    for (size_t size = 1; size < sizeof(two) - 3; size++)
        CHECK_INT(0, decode(xray_decode_users, false, two, size).count);
    decode(xray_decode_users, false, "\x0a\x02\x12\x7f", 4); /* a user cut short within the list */
}

static void
test_inbounds_addresses_and_uptime(void)
{
    uint32_t uptime = 7;

    CHECK_STR("in||", decode(xray_decode_inbounds, true, "\x0a\x04\x0a\x02in", 6).last);
    CHECK_STR("1.2.3.4||",
        decode(xray_decode_addresses, true,
            "\x0a\x01n\x12\x0b\x0a\x07"
            "1.2.3.4\x10\x05",
            16)
            .last);
    decode(xray_decode_addresses, false, "\x12\x7f", 2);
    decode(xray_decode_inbounds, false, "\x0a\x01\x0a", 3);
    CHECK(xray_decode_uptime(&(const struct bytes){(const uint8_t *)"\x50\x2a", 2}, &uptime));
    CHECK_INT(42, uptime);
    CHECK(!xray_decode_uptime(&(const struct bytes){(const uint8_t *)"\x50", 1}, &uptime));
    CHECK_INT(42, uptime);
}

int
main(void)
{
    test_add_and_remove_are_byte_for_byte_those_of_xray();
    test_the_prefix_names_the_messages();
    test_a_change_without_an_operation_cannot_be_encoded();
    test_users();
    test_inbounds_addresses_and_uptime();
    return check_report("agent/xray_codec");
}
