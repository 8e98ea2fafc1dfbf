#include "dispatcher/text.h"

#include <assert.h>
#include <string.h>

#include "schema/write.h"

void
text_add_object(struct text *text, const struct schema *schema, const void *record, const char *key,
    const char *value)
{
    struct json_object *json = write_json(schema, record);
    const char *head = json_text(json);
    size_t size = strlen(head);

    assert(size > 2 && head[size - 1] == '}'); /* an object with a member */
    text_add(text, head, size - 1);
    text_put(text, ",\"");
    text_put(text, key);
    text_put(text, "\":");
    text_put(text, value);
    text_put(text, "}");
    json_object_put(json);
}
