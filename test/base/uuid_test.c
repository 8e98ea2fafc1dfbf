#include "base/uuid.h"

#include <string.h>

#include "base/rand.h"
#include "harness/check.h"

static void
test_made_ones_are_version_4_and_differ(void)
{
    char one[UUID_SIZE], other[UUID_SIZE], read[UUID_SIZE];

    for (int i = 0; i < 100; i++) {
        uuid_make(one);
        uuid_make(other);
        CHECK(uuid_read(one, read) && strcmp(one, read) == 0);
        CHECK(one[14] == '4' && strchr("89ab", one[19]) != NULL);
        CHECK(strcmp(one, other) != 0);
    }
}

static void
test_the_key_of_a_credential_is_blind_where_xray_is(void)
{
    char key[UUID_SIZE];

    uuid_credential_key("0f8fad5b-d9cb-469f-a165-70867728950e", key);
    CHECK_STR("0f8fad5b-d9cb-0000-a165-70867728950e", key);
}

static const struct {
    const char *text;
    const char *want; /* NULL: refused */
} forms[] = {
    {"0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5b-d9cb-469f-a165-70867728950e"},
    {"0f8fad5bd9cb469fa16570867728950e", "0f8fad5b-d9cb-469f-a165-70867728950e"},
    {"{0f8fad5b-d9cb-469f-a165-70867728950e}", NULL},
    {"urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e", NULL},
    {"0f8fad5b-d9cb-469f-a165-70867728950", NULL},
    {"0f8fad5bd9cb469fa16570867728950", NULL},
    {"0f8fad5b-d9cb-469f-a165-70867728950e0", NULL},
    {"0f8fad5bd9cb-469f-a165-70867728950e-", NULL},
    {"0f8fad5b-d9cb-469f-a165-70867728950g", NULL},
    {"------------------------------------", NULL},
    {"", NULL},
};

static void
test_only_two_forms_are_read(void)
{
    for (size_t i = 0; i < COUNT(forms); i++) {
        char uuid[UUID_SIZE] = "";
        bool read = uuid_read(forms[i].text, uuid);

        CHECK_STR(forms[i].want == NULL ? "" : forms[i].want, read ? uuid : "");
    }
}

static void
test_random_numbers_stay_below(void)
{
    bool seen[3] = {false};

    CHECK_INT(0, (long long)rand_below(0));
    CHECK_INT(0, (long long)rand_below(1));
    for (int i = 0; i < 1000; i++)
        seen[rand_below(3)] = true; /* the sanitizer tells of a 3 */
    CHECK(seen[0] && seen[1] && seen[2]);
}

int
main(void)
{
    test_made_ones_are_version_4_and_differ();
    test_the_key_of_a_credential_is_blind_where_xray_is();
    test_only_two_forms_are_read();
    test_random_numbers_stay_below();
    return check_report("base/uuid");
}
