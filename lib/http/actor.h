/*
 * For whom a request acts: the header X-Actor-Telegram-Id, or actor_telegram_id of the body where
 * a route has it. His own rights then bind on top of the token's. Here is decided who may act at
 * all, and in families that are not about his own things (app.rank) by which rank; what belongs to
 * whom is the business of domain/reach.h, which looks at turn.actor.
 */
#ifndef TG_HTTP_ACTOR_H
#define TG_HTTP_ACTOR_H

#include "http/app.h"

/* Completes req->turn.actor. ERR_ACTOR_MISMATCH, ERR_ACTOR_NOT_FOUND (or the app's `stranger`);
 * ERR_USER_BLOCKED when he is blocked and asks for more than to read himself; ERR_RANK when the
 * family wants more of him. */
bool actor_check(struct req *req, struct err *err) MUST_CHECK;

#endif
