#include "crypto/token.h"

#include <string.h>

#include "harness/check.h"

static void
test_the_sum_is_the_one_that_everybody_has(void)
{
    CHECK_INT(0xcbf43926, token_crc32("123456789", 9));
    CHECK_INT(0, token_crc32("", 0));
}

static void
test_what_is_made_is_plausible_and_differs(void)
{
    char one[TOKEN_TEXT_SIZE], other[TOKEN_TEXT_SIZE];

    token_make(one);
    token_make(other);
    CHECK_INT(TOKEN_TEXT_SIZE - 1, (long long)strlen(one));
    CHECK_INT((long long)strlen(one),
        (long long)strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"));
    CHECK(memcmp(one, "tg_", 3) == 0 && token_plausible(one) && token_plausible(other));
    CHECK(memcmp(one + 3, other + 3, 43) != 0);
}

static void
test_one_wrong_character_anywhere_is_seen(void)
{
    char text[TOKEN_TEXT_SIZE];

    token_make(text);
    for (size_t i = 3; i < TOKEN_TEXT_SIZE - 1; i++) {
        char was = text[i];

        text[i] = was == 'A' ? 'B' : 'A';
        CHECK(!token_plausible(text));
        text[i] = was;
    }
    text[TOKEN_TEXT_SIZE - 2] = '\0';
    CHECK(!token_plausible(text));
    CHECK(!token_plausible("tg_"));
    CHECK(!token_plausible("tg_0"));
}

static void
test_a_token_of_another_kind_is_left_to_the_database(void)
{
    CHECK(token_plausible(""));
    CHECK(token_plausible("tg"));
    CHECK(token_plausible("TG_0"));
    CHECK(token_plausible("0f8fad5b-d9cb-469f-a165-70867728950e"));
}

int
main(void)
{
    test_the_sum_is_the_one_that_everybody_has();
    test_what_is_made_is_plausible_and_differs();
    test_one_wrong_character_anywhere_is_seen();
    test_a_token_of_another_kind_is_left_to_the_database();
    return check_report("crypto/token");
}
