#include "crypto/base64.h"

#include <string.h>

#include "harness/check.h"

/* RFC 4648, 10. */
static const struct {
    const char *plain, *std, *url;
} vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xbe", "+/++", "-_--"},
};

static const struct {
    enum base64 form;
    const char *text;
} refused[] = {
    {BASE64_STD, "Zg"},       /* no padding */
    {BASE64_STD, "Zg="},      /* half of it */
    {BASE64_STD, "Z==="},     /* too much */
    {BASE64_STD, "Zg==Zg=="}, /* in the middle */
    {BASE64_STD, "Zh=="},     /* spare bits */
    {BASE64_STD, "Z g="}, {BASE64_STD, "-_--"}, {BASE64_URL, "Zg=="}, {BASE64_URL, "Zh"},
    {BASE64_URL, "Z"}, {BASE64_URL, "+/++"},
    {BASE64_URL, "Zm9vYmFyZm9v"}, /* longer than the room */
};

static void
test_vectors_go_there_and_back(void)
{
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const char *const texts[] = {vectors[i].std, vectors[i].url};

        for (enum base64 form = BASE64_STD; form <= BASE64_URL; form++) {
            char text[16], data[8] = "";
            size_t size;

            CHECK_INT((long long)strlen(texts[form]),
                (long long)base64_write(form, vectors[i].plain, strlen(vectors[i].plain), text));
            CHECK_STR(texts[form], text);
            CHECK(base64_read(form, text, data, 6, &size) && size == strlen(vectors[i].plain));
            CHECK_STR(vectors[i].plain, data);
        }
    }
}

static void
test_a_second_spelling_is_refused(void)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        char data[8];
        size_t size;

        if (!base64_read(refused[i].form, refused[i].text, data, 8, &size))
            check_passed();
        else
            check_failed(refused[i].text, "is taken");
    }
}

static void
test_sizes_are_enough(void)
{
    for (size_t bytes = 0; bytes < 40; bytes++) {
        char data[40] = "", text[64];

        CHECK(base64_write(BASE64_STD, data, bytes, text) + 1 == BASE64_SIZE(bytes));
        CHECK(base64_write(BASE64_URL, data, bytes, text) + 1 == BASE64_URL_SIZE(bytes));
    }
}

int
main(void)
{
    test_vectors_go_there_and_back();
    test_a_second_spelling_is_refused();
    test_sizes_are_enough();
    return check_report("crypto/base64");
}
