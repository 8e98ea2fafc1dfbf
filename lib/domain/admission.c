#include "domain/admission.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "base/uuid.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "crypto/token.h"
#include "domain/tokens.h"
#include "metrics/metrics.h"

#define REMEMBER_USEC (10 * USEC_SEC)

enum {
    ENTRIES = 128, /* a power of two */
    NAME_SIZE = 513,
    SCOPES_SIZE = 640
};

static const struct metric cache = {"tracegate_auth_cache_total",
    "Tokens that were remembered, and those that were asked for", METRIC_COUNTER,
    .labels = {"result"}};

/* What one token admitted; fixed in size, so that the cache is too. */
struct entry {
    char hash[SHA256_HEX_SIZE]; /* "" for none */
    char id[UUID_SIZE];
    char name[NAME_SIZE];
    char scopes[SCOPES_SIZE];
    usec_t until;     /* by time_monotonic() */
    unsigned changes; /* that were known when it was asked for */
};

struct admission {
    const struct secret *bootstrap;
    unsigned changes; /* of tokens, as far as we were told; an entry of before counts no more */
    struct entry entries[ENTRIES];
};

struct admission *
admission_new(const struct settings *settings, struct arena *arena)
{
    struct admission *admission = arena_alloc(arena, sizeof(*admission));

    admission->bootstrap = secret_new(arena, settings->api_internal_token);
    return admission;
}

/* -- the cache ----------------------------------------------------------------------------- */

static struct entry *
place_of(struct admission *admission, const char *hash)
{
    int index = hex_value(hash[0]) << 4 | hex_value(hash[1]);

    return &admission->entries[index & (ENTRIES - 1)];
}

static bool
recall(struct admission *admission, const char *hash, struct principal *principal)
{
    const struct entry *entry = place_of(admission, hash);

    if (entry->changes != admission->changes || !str_eq(entry->hash, hash) ||
        time_monotonic() >= entry->until)
        return false;
    *principal = (struct principal){entry->id, entry->name, entry->scopes, false};
    return true;
}

/* Not beyond the token's own end. One that does not fit is asked for each time. */
static void
remember(struct admission *admission, const char *hash, const struct principal *principal,
    usec_t expires_at)
{
    struct entry *entry = place_of(admission, hash);
    usec_t left = expires_at == USEC_NONE ? REMEMBER_USEC : expires_at - time_now();

    if (strlen(principal->name) >= NAME_SIZE || strlen(principal->scopes) >= SCOPES_SIZE)
        return;
    memcpy(entry->hash, hash, sizeof(entry->hash));
    memcpy(entry->id, principal->id, sizeof(entry->id));
    memcpy(entry->name, principal->name, strlen(principal->name) + 1);
    memcpy(entry->scopes, principal->scopes, strlen(principal->scopes) + 1);
    entry->changes = admission->changes;
    entry->until = time_monotonic() + (left < REMEMBER_USEC ? left : REMEMBER_USEC);
}

/* Without what a line in a log or a header could not hold. */
static const char *
printable(struct arena *arena, const char *name)
{
    char *text = arena_strdup(arena, name);

    for (char *at = text; *at != '\0'; at++)
        *at = iscntrl((unsigned char)*at) ? ' ' : *at;
    return text;
}

/* -- the database -------------------------------------------------------------------------- */

static bool
forget_what_changed(const struct turn *turn, struct admission *admission, struct err *err)
{
    bool missed = true;
    bool done = tokens_listen(turn->db, &missed, err);

    admission->changes += missed;
    return done;
}

static bool
look_up(const struct turn *turn, struct admission *admission, const char *hash,
    struct principal *principal, struct err *err)
{
    struct token_key key;
    struct err ignored;

    if (!token_find(turn->db, hash, &key, err))
        return false;
    principal->expired = key.expired;
    if (key.expired)
        return err_say(err, ERR_TOKEN, "Invalid API token");
    *principal = (struct principal){
        key.id, printable(turn->arena, key.name), token_scopes(&key.scopes, turn->arena), false};
    if (key.unnoted) /* a token works even where nothing can be written */
        key.unnoted = !token_note(turn->db, key.id, &ignored);
    remember(admission, hash, principal, key.expires_at);
    return true;
}

bool
admission_find(const struct turn *turn, struct admission *admission, const char *text,
    struct principal *principal, struct err *err)
{
    static const struct principal bootstrap = {UUID_NIL, TOKEN_BOOTSTRAP, "*", false};
    char hash[SHA256_HEX_SIZE];

    *principal = (struct principal){0};
    if (secret_matches(admission->bootstrap, text)) {
        *principal = bootstrap;
        return true;
    }
    if (!token_plausible(text))
        return err_say(err, ERR_TOKEN, "Invalid API token");
    sha256_hex(text, strlen(text), hash);
    if (!forget_what_changed(turn, admission, err))
        return false;
    bool known = recall(admission, hash, principal);
    metrics_add(turn->metrics, &cache, 1, known ? "hit" : "miss");
    return known || look_up(turn, admission, hash, principal, err);
}
