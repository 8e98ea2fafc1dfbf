/*
 * /bot-messages: which messages of the bot show a configuration, and which are to be removed.
 */
#include "domain/bot_messages.h"
#include "http/app.h"
#include "store/users.h"

static bool
register_message(struct req *req, struct err *err)
{
    struct bot_message message;

    return bot_message_register(&req->turn, req->in, &message, err) && reply(req, &message);
}

static bool
list_messages(struct req *req, struct err *err)
{
    const struct bot_messages_query *in = req->in_query;
    struct list messages;

    return bot_messages_find(&req->turn, in, &messages, err) &&
        reply_list(req, &messages, in->limit, bot_message_cursor);
}

static bool
clean_up(struct req *req, struct err *err)
{
    struct list messages;

    return bot_messages_clean(&req->turn, req->in, &messages, err) &&
        reply_list(req, &messages, (int64_t)messages.count, NULL);
}

static bool
tell_removed(struct req *req, struct err *err)
{
    return bot_messages_forget(&req->turn, req->in, err) && reply_empty(req);
}

static const struct route routes[] = {
    {"GET", "", "bot_messages:read", list_messages, 200, LIST, .query = &bot_messages_query_schema,
        .answer = &bot_message_schema, .errors = ERRS(ERR_FILTER_REQUIRED)},
    {"POST", "", "bot_messages:write", register_message, 201, .body = &bot_message_new_schema,
        .answer = &bot_message_schema},
    {"POST", "/cleanup", "bot_messages:write", clean_up, 200, LIST,
        .body = &bot_message_filter_schema, .answer = &bot_message_schema,
        .errors = ERRS(ERR_FILTER_REQUIRED)},
    {"POST", "/removed", "bot_messages:write", tell_removed, 204,
        .body = &bot_messages_gone_schema},
};

const struct app handler_app = {
    "bot_messages", "/bot-messages", routes, COUNT(routes), .rank = ROLE_ADMIN};
