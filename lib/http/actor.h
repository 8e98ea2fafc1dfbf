/*
 * For whom a request acts: the header X-Actor-Telegram-Id, or actor_telegram_id of the body where
 * a route has it. His own rights then bind on top of the token's; the rules see turn.actor.
 */
#ifndef TG_HTTP_ACTOR_H
#define TG_HTTP_ACTOR_H

#include "http/app.h"

/* Completes req->turn.actor. ERR_ACTOR_MISMATCH, ERR_ACTOR_NOT_FOUND; ERR_USER_BLOCKED when he is
 * blocked and asks for more than to read himself. */
bool actor_check(struct req *req, struct err *err) MUST_CHECK;

#endif
