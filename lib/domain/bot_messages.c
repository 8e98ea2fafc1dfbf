#include "domain/bot_messages.h"

#include "base/uuid.h"
#include "schema/write.h"

enum gone_field {
    GONE_IDS,
};

static const struct field id_item = {.name = "id", .type = FIELD_UUID};
static const struct field gone_fields[] = {
    [GONE_IDS] = F_LIST(struct bot_messages_gone, ids, F_REQUIRED, &id_item, 0),
};
const struct schema bot_messages_gone_schema = SCHEMA(struct bot_messages_gone, gone_fields);

bool
bot_message_register(const struct turn *turn, const struct bot_message_new *in,
    struct bot_message *message, struct err *err)
{
    struct bot_message_new made = *in;
    char id[UUID_SIZE];

    uuid_make(id);
    made.id = id;
    return db_begin(turn->db, err) && db_commit_next(turn->db) &&
        bot_message_put(turn->db, &turn->actor, &made, message, err);
}

/* What an index finds rows by. */
static bool
check_filter(const struct bot_message_filter *filter, struct err *err)
{
    bool some = filter->telegram_id.set || filter->chat_id.set || filter->connection_id != NULL ||
        filter->device_id != NULL || filter->revision_id != NULL;

    return some || err_set(err, ERR_FILTER_REQUIRED);
}

bool
bot_messages_find(const struct turn *turn, const struct bot_messages_query *in,
    struct list *messages, struct err *err)
{
    return check_filter(&in->filter, err) && bot_messages_list(turn->db, in, messages, err);
}

bool
bot_messages_clean(const struct turn *turn, const struct bot_message_filter *in,
    struct list *messages, struct err *err)
{
    return check_filter(in, err) && db_begin(turn->db, err) && db_commit_next(turn->db) &&
        bot_messages_claim(turn->db, &turn->actor, in, messages, err);
}

bool
bot_messages_forget(const struct turn *turn, const struct bot_messages_gone *in, struct err *err)
{
    const char *ids = write_field(&bot_messages_gone_schema, GONE_IDS, in, turn->arena);

    return db_begin(turn->db, err) && db_commit_next(turn->db) &&
        bot_messages_removed(turn->db, &turn->actor, ids, err);
}
