/* The rules about the bot's messages. Each change is one transaction with its audit rows. */
#ifndef TG_DOMAIN_BOT_MESSAGES_H
#define TG_DOMAIN_BOT_MESSAGES_H

#include "domain/turn.h"
#include "store/bot_messages.h"

struct bot_messages_gone {
    struct list ids; /* const char * */
};

extern const struct schema bot_messages_gone_schema;

bool bot_message_register(const struct turn *turn, const struct bot_message_new *in,
    struct bot_message *message, struct err *err) MUST_CHECK;

/* ERR_FILTER_REQUIRED when nothing says which; the number of a message says little by itself. */
bool bot_messages_find(const struct turn *turn, const struct bot_messages_query *in,
    struct list *messages, struct err *err) MUST_CHECK;

/* To be removed by the caller, and by nobody else for a minute. ERR_FILTER_REQUIRED. */
bool bot_messages_clean(const struct turn *turn, const struct bot_message_filter *in,
    struct list *messages, struct err *err) MUST_CHECK;

bool bot_messages_forget(
    const struct turn *turn, const struct bot_messages_gone *in, struct err *err) MUST_CHECK;

#endif
