/*
 * Messages of the bot that show somebody's configuration, so that they can be taken away again: the
 * rows of bot_message_ref. Who is to delete messages claims their rows for a minute; a row is done
 * with only when the deletion is reported, so what failed is offered again.
 */
#ifndef TG_STORE_BOT_MESSAGES_H
#define TG_STORE_BOT_MESSAGES_H

#include "store/audit.h"

struct bot_message {
    const char *id;
    int64_t telegram_id, chat_id, message_id;
    const char *connection_id, *device_id, *revision_id; /* what it shows; or NULL */
    usec_t removed_at;
    usec_t created_at;
};

extern const struct schema bot_message_schema;

struct bot_message_new {
    int64_t telegram_id, chat_id, message_id;
    const char *connection_id, *device_id, *revision_id;
    const char *id; /* not in the body: of one that is new */
};

extern const struct schema bot_message_new_schema;

/* All that is set must match. */
struct bot_message_filter {
    struct opt_int telegram_id, chat_id, message_id;
    const char *connection_id, *device_id, *revision_id;
};

extern const struct schema bot_message_filter_schema;

struct bot_messages_query {
    struct bot_message_filter filter; /* the first member */
    bool include_removed;
    int64_t limit;
    struct cursor cursor;
};

extern const struct schema bot_messages_query_schema;

/* Oldest first; one more than `limit` when there is more. */
bool bot_messages_list(struct db *db, const struct bot_messages_query *in, struct list *messages,
    struct err *err) MUST_CHECK;

/* The place of a message in that list. */
struct cursor bot_message_cursor(const void *message, struct arena *arena);

/* Each of the following writes its audit rows. */

/* A known message is told anew: what it shows now, and that it is there. */
bool bot_message_put(struct db *db, const struct actor *actor, const struct bot_message_new *in,
    struct bot_message *message, struct err *err) MUST_CHECK;

/* Those that are there and that nobody else has claimed within the last minute, oldest first, a
 * thousand at most. */
bool bot_messages_claim(struct db *db, const struct actor *actor,
    const struct bot_message_filter *filter, struct list *messages, struct err *err) MUST_CHECK;

/* `ids` is a JSON array. Those that are not known, or are gone already, do not matter. */
bool bot_messages_removed(
    struct db *db, const struct actor *actor, const char *ids, struct err *err) MUST_CHECK;

#endif
