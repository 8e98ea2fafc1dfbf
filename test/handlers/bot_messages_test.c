#include "harness/call.h"
#include "harness/check.h"
#include "harness/scopes.h"

#define C1   "00000000-0000-4000-8000-0000000000c1"
#define D1   "00000000-0000-4000-8000-0000000000d1"
#define R1   "00000000-0000-4000-8000-0000000000a1"
#define M1   "00000000-0000-4000-8000-0000000000e1"
#define M2   "00000000-0000-4000-8000-0000000000e2"
#define NONE "00000000-0000-4000-8000-0000000000ff"

#define NO_FILTER "{'code': 'filter_required', 'detail': 'At least one filter is required'}"
#define FAULT(type, source, field)                                                                 \
    "{'errors': [{'type': '" type "', 'loc': ['" source "', '" field "']}]}"
#define UNTIL(what) "update bot_message_ref set claimed_until = " what

static const struct call calls[] = {
    {"register", "POST", "/bot-messages",
        "{'telegram_id': 7, 'chat_id': -100, 'message_id': 1, 'connection_id': '" C1 "'}", 201,
        "{'telegram_id': 7, 'chat_id': -100, 'message_id': 1, 'connection_id': '" C1 "',"
        " 'device_id': null, 'revision_id': null, 'removed_at': null}"},
    {"another", "POST", "/bot-messages",
        "{'telegram_id': '8', 'chat_id': 8, 'message_id': 1, 'device_id': '" D1 "',"
        " 'revision_id': '" R1 "'}",
        201, "{'telegram_id': 8, 'connection_id': null, 'device_id': '" D1 "'}"},
    {"nobody", "POST", "/bot-messages", "{'telegram_id': 0, 'chat_id': 8, 'message_id': 1}", 422,
        FAULT("greater_than_equal", "body", "telegram_id")},
    {"nowhere", "POST", "/bot-messages", "{'telegram_id': 7, 'message_id': 1}", 422,
        FAULT("missing", "body", "chat_id")},
    {"nothing", "POST", "/bot-messages", "{'telegram_id': 7, 'chat_id': 7, 'message_id': null}",
        422, FAULT("int_parsing", "body", "message_id")},
    {"no connection", "POST", "/bot-messages",
        "{'telegram_id': 7, 'chat_id': 7, 'message_id': 1, 'connection_id': 'x'}", 422,
        FAULT("uuid_parsing", "body", "connection_id")},
    {"known ids", CALL_SQL,
        "update bot_message_ref set id = (case chat_id when 8 then '" M2 "' else '" M1
        "' end)::uuid,"
        " created_at = now() - chat_id * interval '1 s'"},

    {"whose", "GET", "/bot-messages", NULL, 400, NO_FILTER},
    {"a number alone", "GET", "/bot-messages?message_id=1", NULL, 400, NO_FILTER},
    {"a user's", "GET", "/bot-messages?telegram_id=7", NULL, 200, "[{'id': '" M1 "'}]"},
    {"a chat's", "GET", "/bot-messages?chat_id=8&message_id=1", NULL, 200, "[{'id': '" M2 "'}]"},
    {"a connection's", "GET", "/bot-messages?connection_id=" C1, NULL, 200, "[{'id': '" M1 "'}]"},
    {"a device's", "GET", "/bot-messages?device_id=" D1, NULL, 200, "[{'id': '" M2 "'}]"},
    {"a revision's", "GET", "/bot-messages?revision_id=" R1, NULL, 200, "[{'id': '" M2 "'}]"},
    {"all that is named must match", "GET", "/bot-messages?revision_id=" R1 "&telegram_id=7", NULL,
        200, "[]"},
    {"a bad filter", "GET", "/bot-messages?chat_id=x", NULL, 422,
        FAULT("int_parsing", "query", "chat_id")},
    {"more of a user", "POST", "/bot-messages", "{'telegram_id': 7, 'chat_id': 7, 'message_id': 2}",
        201, "{'telegram_id': 7}"},
    {"long ago", CALL_SQL,
        "update bot_message_ref set created_at = now() - interval '1 h' where message_id = 2"},
    {"oldest first", "GET", "/bot-messages?telegram_id=7&limit=1", NULL, 200,
        "[{'message_id': 2}]"},
    {"the next page", "GET", CALL_NEXT, NULL, 200, "[{'message_id': 1}]"},
    {"a place in another list", "GET", "/bot-messages?telegram_id=7&cursor=AAZJrHB0GcAAAAAAAAAABw",
        NULL, 200, "[{'message_id': 2}, {'message_id': 1}]"},

    {"clean what", "POST", "/bot-messages/cleanup", "{}", 400, NO_FILTER},
    {"null says nothing", "POST", "/bot-messages/cleanup",
        "{'telegram_id': null, 'device_id': null, 'message_id': 1}", 400, NO_FILTER},
    {"claim", "POST", "/bot-messages/cleanup", "{'telegram_id': 7}", 200,
        "[{'message_id': 2, 'removed_at': null}, {'id': '" M1 "', 'removed_at': null}]"},
    {"they are claimed", "POST", "/bot-messages/cleanup", "{'telegram_id': 7}", 200, "[]"},
    {"for a minute", CALL_SQL,
        "do $$ begin"
        " assert (select bool_and(claimed_until between now() + interval '50 s'"
        "   and now() + interval '1 min') from bot_message_ref where telegram_id = 7);"
        " assert (select claimed_until is null from bot_message_ref where telegram_id = 8); end $$"},
    {"not removed yet", "GET", "/bot-messages?connection_id=" C1, NULL, 200, "[{'id': '" M1 "'}]"},
    {"one was removed", "POST", "/bot-messages/removed", "{'ids': ['" M1 "', '" NONE "']}", 204,
        NULL},
    {"and is not shown", "GET", "/bot-messages?connection_id=" C1, NULL, 200, "[]"},
    {"unless asked for", "GET", "/bot-messages?include_removed=true&connection_id=" C1, NULL, 200,
        "[{'id': '" M1 "'}]"},
    {"a minute later", CALL_SQL, UNTIL("now() - interval '1 s' where claimed_until is not null")},
    {"what was not removed comes again", "POST", "/bot-messages/cleanup", "{'telegram_id': 7}", 200,
        "[{'message_id': 2}]"},
    {"removed once more", "POST", "/bot-messages/removed", "{'ids': ['" M1 "']}", 204, NULL},
    {"none were", "POST", "/bot-messages/removed", "{'ids': []}", 204, NULL},
    {"no ids", "POST", "/bot-messages/removed", "{}", 422, FAULT("missing", "body", "ids")},
    {"a bad id", "POST", "/bot-messages/removed", "{'ids': ['x']}", 422,
        "{'errors': [{'type': 'uuid_parsing', 'loc': ['body', 'ids', 0]}]}"},
    {"the same place again", "POST", "/bot-messages",
        "{'telegram_id': 9, 'chat_id': -100, 'message_id': 1, 'device_id': '" D1 "'}", 201,
        "{'id': '" M1 "', 'telegram_id': 9, 'connection_id': null, 'device_id': '" D1 "',"
        " 'removed_at': null}"},
    {"is to be cleaned again", "POST", "/bot-messages/cleanup", "{'device_id': '" D1 "'}", 200,
        "[{'id': '" M2 "'}, {'id': '" M1 "'}]"},

    {"each is on record", CALL_SQL,
        "do $$ begin"
        " assert (select count(*) from audit_log where action = 'bot_messages.register') = 4;"
        " assert (select count(*) from audit_log where action = 'bot_messages.claim') = 5;"
        " assert (select count(*) from audit_log where action = 'bot_messages.removed'"
        "   and subject = 'bot_message:" M1 "') = 1; end $$"},
    {"reading is not cleaning", "POST", "/bot-messages/cleanup", "{'telegram_id': 7}", 403,
        "{'code': 'scope'}", .scopes = "bot_messages:read"},
    {"nor is registering reading", "GET", "/bot-messages?telegram_id=7", NULL, 403,
        "{'code': 'scope'}", .scopes = "bot_messages:write"},
};

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_scopes(&handler_app);
    return check_report("handlers/bot_messages");
}
