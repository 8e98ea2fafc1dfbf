#include "base/str.h"

#include "harness/check.h"

static const struct {
    const char *title, *text;
    bool plain;
} texts[] = {
    {"nothing", "", true},
    {"letters", "Ada's phone; drop table %n <b> >>>", true},
    {"Cyrillic", "\xd0\x9c\xd0\xb0\xd0\xba", true},
    {"an emoji of several points", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", true},
    {"Arabic", "\xd8\xa7\xd8\xa8", true},
    {"a soft hyphen", "\xc2\xad", true},
    {"a line break", "a\nb", false},
    {"DEL", "a\x7f", false},
    {"a C1 control", "a\xc2\x85", false},
    {"right-to-left override", "abc\xe2\x80\xae.exe", false},
    {"left-to-right mark", "\xe2\x80\x8e", false},
    {"Arabic letter mark", "\xd8\x9c", false},
    {"an isolate", "\xe2\x81\xa6", false},
};

static void
test_names_show_as_what_they_are(void)
{
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (utf8_is_plain(texts[i].text) == texts[i].plain)
            check_passed();
        else
            check_failed(texts[i].title, "is %s", texts[i].plain ? "refused" : "taken");
    }
}

static void
test_words(void)
{
    CHECK(str_has_word("a bc d", "bc", 2));
    CHECK(!str_has_word("a bc d", "b", 1));
    CHECK(!str_has_word("a bc d", "bcd", 3));
    CHECK(!str_has_word("", "a", 1));
}

static void
test_hex(void)
{
    char hex[7];

    hex_write((const unsigned char *)"\x00\x7f\xff", 3, hex);
    CHECK_STR("007fff", hex);
    CHECK_INT(10, hex_value('a'));
    CHECK_INT(15, hex_value('F'));
    CHECK_INT(-1, hex_value('g'));
    CHECK_INT(-1, hex_value('\0'));
}

static void
test_code_points_are_counted(void)
{
    CHECK_INT(0, utf8_count(""));
    CHECK_INT(3, utf8_count("a\xc3\xa9\xf0\x9f\x98\x80"));
}

int
main(void)
{
    test_names_show_as_what_they_are();
    test_words();
    test_hex();
    test_code_points_are_counted();
    return check_report("base/str");
}
