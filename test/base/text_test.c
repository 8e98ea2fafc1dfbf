#include "base/text.h"

#include <string.h>

#include "harness/check.h"

static void
test_pieces_follow_one_another(void)
{
    struct arena arena = {0};
    struct text text = {.arena = &arena};

    text_put(&text, "one");
    text_add(&text, " two", 2);
    text_put(&text, "");
    CHECK_STR("one t", text.data);
    CHECK_INT(5, (long long)text.size);
    arena_reset(&arena);
}

static void
test_it_grows_without_losing_anything(void)
{
    static const char digits[] = "0123456789";
    struct arena arena = {0};
    struct text text = {.arena = &arena};

    for (int i = 0; i < 10000; i++)
        text_add(&text, &digits[i % 10], 1);
    CHECK_INT(10000, (long long)text.size);
    CHECK_INT(10000, (long long)strlen(text.data));
    for (int i = 0; i < 10000; i += 999)
        CHECK_INT('0' + i % 10, text.data[i]);
    arena_reset(&arena);
}

int
main(void)
{
    test_pieces_follow_one_another();
    test_it_grows_without_losing_anything();
    return check_report("base/text");
}
