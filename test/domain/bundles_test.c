#include "domain/bundles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "domain/artifact.h"
#include "domain/bundle_files.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "harness/scratch.h"
#include "store/nodes.h"

static struct fixture fixture;
static char root[] = SCRATCH;

static const char *
in_root(const char *name)
{
    return arena_printf(&fixture.arena, "%s/%s", root, name);
}

static void
put(const char *name, const char *data, size_t size)
{
    struct err err = {0};

    if (!fs_replace(in_root(name), data, size, 0600, &err))
        check_failed(name, "%s", err.detail);
}

static void
make_folder(const char *name)
{
    struct err err = {0};

    if (!fs_make_dir(in_root(name), 0700, &err))
        check_failed(name, "%s", err.detail);
}

static void
check_refusal(const char *name, enum err_code code, const char *detail)
{
    struct bundle bundle = {0};
    struct err err = {0};

    CHECK(!bundle_read(in_root(name), &fixture.arena, &bundle, &err));
    CHECK_INT(code, err.code);
    if (strstr(err.detail, detail) == NULL)
        check_failed(name, "says: %s", err.detail);
    CHECK(code == ERR_FILE ||
        strchr(err.detail, '/') != err.detail); /* a path is nobody's business */
}

/* -- a folder ------------------------------------------------------------------------------ */

static void
test_files_are_read_in_the_order_of_their_names(void)
{
    struct bundle bundle = {0};
    struct err err = {0};

    make_folder("read/sub");
    put("read/b.json", "{}", 2);
    put("read/a\"b", "\xc3\xa4", 2);
    put("read/sub/raw", "\xff\x00\x01", 3);
    put("read/.hidden", "@@", 2);
    CHECK(bundle_read(in_root("read"), &fixture.arena, &bundle, &err));
    CHECK_STR("{\"a\\\"b\":\"\xc3\xa4\",\"b.json\":\"{}\","
              "\"sub/raw\":{\"encoding\":\"base64\",\"content\":\"/wAB\"}}",
        bundle.files);
    CHECK_INT(64, (long long)strlen(bundle.digest));
}

/* printf 'a\n1\nxb\n0\n' | sha256sum */
static void
test_the_digest_is_that_of_names_sizes_and_contents(void)
{
    struct bundle bundle = {0};
    struct err err = {0};

    make_folder("digest");
    put("digest/b", "", 0);
    put("digest/a", "x", 1);
    CHECK(bundle_read(in_root("digest"), &fixture.arena, &bundle, &err));
    CHECK_STR("ea13521d4c480644e5febb43a8313ab35a21629b4e9f9ff81f608f8861a57d27", bundle.digest);
}

static void
test_what_is_no_bundle_is_refused(void)
{
    check_refusal("missing", ERR_BUNDLE, "is no folder of a bundle");
    make_folder("empty");
    check_refusal("empty", ERR_BUNDLE, "is empty");
    make_folder("deep/1/2/3/4/5");
    check_refusal("deep", ERR_BUNDLE, "deep/1/2/3/4/5");
    make_folder("pipe");
    CHECK(mkfifo(in_root("pipe/waits"), 0600) == 0);
    check_refusal("pipe", ERR_BUNDLE, "waits is no file");
    make_folder("dangling");
    CHECK(symlink("nowhere", in_root("dangling/link")) == 0);
    check_refusal("dangling", ERR_FILE, "dangling/link: No such file");
}

static void
test_placeholders_are_named_with_their_file(void)
{
    static const char *const words[] = {
        "REPLACE_ME", "CHANGE_ME_NOW", "@@KEY@@", "host.example.com", "bootstrap-password"};

    make_folder("held");
    for (size_t i = 0; i < COUNT(words); i++) {
        put("held/conf", words[i], strlen(words[i]));
        check_refusal("held", ERR_BUNDLE, "conf still holds");
    }
}

static void
test_a_bundle_has_a_limit(void)
{
    size_t half = (2 << 20) + 1;
    char *data = arena_alloc(&fixture.arena, half);

    make_folder("large");
    put("large/a", data, half);
    put("large/b", data, half);
    check_refusal("large", ERR_BUNDLE_SIZE, "larger than 4 MiB");
    put("large/a", data, 0);
    put("large/b", arena_alloc(&fixture.arena, 2 * half), 2 * half);
    check_refusal("large", ERR_BUNDLE_SIZE, "b: the bundle is larger than 4 MiB");
    make_folder("many");
    for (int i = 0; i < 257; i++)
        put(arena_printf(&fixture.arena, "many/%d", i), "x", 1);
    check_refusal("many", ERR_BUNDLE_SIZE, "More than 256 files");
}

/* -- reapplying ---------------------------------------------------------------------------- */

static bool
reapply(struct reapply in, struct list *events)
{
    fixture.err = (struct err){0};
    fixture_turn(&fixture);
    return bundles_reapply(&fixture.turn, &in, events, &fixture.err);
}

static void
test_a_role_without_a_folder_is_passed_over_unless_asked_for(void)
{
    const struct reapply entry = {.present = 1U << REAPPLY_ROLE, .role = NODE_VPS_E};
    struct list events;

    CHECK(!reapply((struct reapply){0}, &events));
    CHECK_STR("BUNDLE_ROOT has no bundle", fixture.err.detail);
    fixture_turn(&fixture);
    make_folder("base-vps-t");
    put("base-vps-t/xray.json", "{}", 2);
    CHECK(reapply((struct reapply){0}, &events));
    CHECK_INT(1, (long long)events.count);
    CHECK(!reapply(entry, &events));
    CHECK_INT(ERR_BUNDLE, fixture.err.code);
}

static void
test_each_time_there_is_a_version_an_event_and_an_audit_row(void)
{
    struct list events;

    CHECK(reapply((struct reapply){0}, &events));
    fixture_turn(&fixture);
    CHECK_INT(2, fixture_number(&fixture, "select ver as n from bundle", NULL));
    CHECK_INT(2,
        fixture_number(&fixture,
            "select count(*) as n from outbox_event where event_type = 'APPLY_BUNDLE'"
            " and aggregate_id = $1",
            "base-vps-t"));
    CHECK_INT(2,
        fixture_number(&fixture, "select count(*) as n from audit_log where action = $1",
            "dispatch.reapply_base"));
}

/* What nodes are sent of it. */
static void
test_the_artifact_of_a_bundle_is_its_files(void)
{
    static const struct artifact_key wanted[] = {{"bundle", "base-vps-t"}, {"bundle", "other"}};
    const struct list keys = {wanted, COUNT(wanted)};
    struct artifact artifacts[COUNT(wanted)] = {0};

    fixture_turn(&fixture);
    CHECK(artifacts_of(&fixture.turn, "VPS_T", &keys, artifacts, &fixture.err));
    CHECK_STR("APPLY_BUNDLE", artifacts[0].event_type);
    CHECK_INT(2, artifacts[0].ver.value);
    CHECK(strstr(artifacts[0].payload, "\"files\":{\"xray.json\":\"{}\"}") != NULL);
    CHECK(artifacts[1].payload == NULL && !artifacts[1].ver.set);
}

static void
test_a_walk_ends_behind_the_last_bundle(void)
{
    struct artifact_walk walk = {0};
    int bundles = 0, pages = 0;

    while (!walk.done && pages++ < 16) {
        struct list page;

        if (!CHECK(artifacts_next(&fixture.turn, "VPS_T", &walk, &page, &fixture.err)))
            return;
        for (size_t i = 0; i < page.count; i++)
            bundles += strcmp(((const struct artifact *)page.at)[i].component, "bundle") == 0;
    }
    CHECK(walk.done);
    CHECK_INT(1, bundles);
}

int
main(void)
{
    CHECK(mkdtemp(root) != NULL);
    fixture_open(&fixture);
    fixture.settings.bundle_root = root;
    test_files_are_read_in_the_order_of_their_names();
    test_the_digest_is_that_of_names_sizes_and_contents();
    test_what_is_no_bundle_is_refused();
    test_placeholders_are_named_with_their_file();
    test_a_bundle_has_a_limit();
    test_a_role_without_a_folder_is_passed_over_unless_asked_for();
    test_each_time_there_is_a_version_an_event_and_an_audit_row();
    test_the_artifact_of_a_bundle_is_its_files();
    test_a_walk_ends_behind_the_last_bundle();
    fixture_close(&fixture);
    scratch_remove(root);
    return check_report("domain/bundles");
}
