#include "crypto/secret.h"

#include <string.h>

#include "harness/check.h"

static void
test_only_the_same_text_matches(void)
{
    struct arena arena = {0};
    const struct secret *secret = secret_new(&arena, "open sesame");

    CHECK(secret_matches(secret, "open sesame"));
    CHECK(!secret_matches(secret, "open sesam"));
    CHECK(!secret_matches(secret, "open sesame "));
    CHECK(!secret_matches(secret, "Open sesame"));
    CHECK(!secret_matches(secret, ""));
    CHECK(!secret_matches(secret, NULL));
    CHECK(secret_text_eq("a", "a") && !secret_text_eq("a", "b") && !secret_text_eq("a", NULL));
    arena_reset(&arena);
}

static void
test_nothing_matches_an_empty_secret(void)
{
    struct arena arena = {0};

    CHECK(!secret_matches(secret_new(&arena, ""), ""));
    CHECK(!secret_text_eq("", ""));
    arena_reset(&arena);
}

static void
look_at(void *object)
{
    const struct secret *secret = object;

    CHECK_INT(0, secret->data[0]);
    CHECK_INT(0, secret->data[10]);
}

static void
test_it_is_wiped_when_its_arena_ends(void)
{
    struct arena arena = {0};
    struct secret *secret, *last;

    /* Releases run newest first, so the one that looks is told of first. */
    last = arena_alloc(&arena, sizeof(*last));
    arena_defer(&arena, look_at, last);
    secret = secret_new(&arena, "open sesame");
    *last = *secret;
    arena_reset(&arena);
}

int
main(void)
{
    test_only_the_same_text_matches();
    test_nothing_matches_an_empty_secret();
    test_it_is_wiped_when_its_arena_ends();
    return check_report("crypto/secret");
}
