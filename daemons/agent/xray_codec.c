#include "agent/xray_codec.h"

#include <assert.h>
#include <string.h>

#include "xray.pb-c.h"

/* -- to bytes -------------------------------------------------------------------------- */

static struct bytes
pack(struct arena *arena, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *at = arena_alloc(arena, size);

    protobuf_c_message_pack(message, at);
    return (struct bytes){at, size};
}

/* protobuf-c has no const: what it only reads is given to it as a copy. */
static Xapi__Typed
typed(struct arena *arena, const struct xray_operation *message)
{
    Xapi__Typed result;

    xapi__typed__init(&result);
    result.type = arena_strdup(arena, message->type);
    result.value.data = arena_alloc(arena, message->value.size);
    result.value.len = message->value.size;
    memcpy(result.value.data, message->value.at, message->value.size);
    return result;
}

struct xray_operation
xray_encode_add(struct arena *arena, const char *prefix, const struct xray_entry *entry)
{
    Xapi__VlessAccount account;
    Xapi__User user;
    Xapi__AddUser add;

    xapi__vless_account__init(&account);
    xapi__user__init(&user);
    xapi__add_user__init(&add);
    account.id = arena_strdup(arena, entry->uuid);
    account.flow = arena_strdup(arena, entry->flow);
    const struct xray_operation vless = {
        arena_printf(arena, "%sproxy.vless.Account", prefix), pack(arena, &account.base)};
    Xapi__Typed vless_typed = typed(arena, &vless);
    user.email = arena_strdup(arena, entry->name);
    user.account = &vless_typed;
    add.user = &user;
    return (struct xray_operation){
        arena_printf(arena, "%sapp.proxyman.command.AddUserOperation", prefix),
        pack(arena, &add.base)};
}

struct xray_operation
xray_encode_remove(struct arena *arena, const char *prefix, const char *email)
{
    Xapi__RemoveUser remove;

    xapi__remove_user__init(&remove);
    remove.email = arena_strdup(arena, email);
    return (struct xray_operation){
        arena_printf(arena, "%sapp.proxyman.command.RemoveUserOperation", prefix),
        pack(arena, &remove.base)};
}

struct bytes
xray_encode_alter(struct arena *arena, const char *tag, const struct xray_operation *operation)
{
    Xapi__AlterInbound alter;

    xapi__alter_inbound__init(&alter);
    assert(operation != NULL && operation->type != NULL && operation->type[0] != '\0');
    Xapi__Typed message = typed(arena, operation);
    alter.tag = arena_strdup(arena, tag);
    alter.operation = &message;
    return pack(arena, &alter.base);
}

struct bytes
xray_encode_get_users(struct arena *arena, const char *tag, const char *email)
{
    Xapi__GetInboundUsers get;

    xapi__get_inbound_users__init(&get);
    get.tag = arena_strdup(arena, tag);
    get.email = arena_strdup(arena, email);
    return pack(arena, &get.base);
}

struct bytes
xray_encode_get_stats(struct arena *arena, const char *name)
{
    Xapi__GetStats get;

    xapi__get_stats__init(&get);
    get.name = arena_strdup(arena, name);
    return pack(arena, &get.base);
}

struct bytes
xray_encode_list_inbounds(struct arena *arena)
{
    Xapi__ListInbounds list;

    xapi__list_inbounds__init(&list);
    list.only_tags = true;
    return pack(arena, &list.base);
}

struct bytes
xray_encode_remove_inbound(struct arena *arena, const char *tag)
{
    Xapi__RemoveInbound remove;

    xapi__remove_inbound__init(&remove);
    remove.tag = arena_strdup(arena, tag);
    return pack(arena, &remove.base);
}

/* -- from bytes ------------------------------------------------------------------------ */

static void *
take_memory(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void
leave_memory(void *arena, void *memory)
{
    (void)arena, (void)memory; /* it goes with the arena */
}

/* NULL when it is malformed. */
static void *
unpack(struct arena *arena, const ProtobufCMessageDescriptor *type, const struct bytes *bytes)
{
    ProtobufCAllocator allocator = {take_memory, leave_memory, arena};

    return protobuf_c_message_unpack(type, &allocator, bytes->size, bytes->at);
}

static void
show(const struct xray_visit *visit, const char *name, const Xapi__VlessAccount *account)
{
    const struct xray_entry entry = {
        name, account != NULL ? account->id : "", account != NULL ? account->flow : ""};

    if (visit->visit != NULL)
        visit->visit(visit->arg, &entry);
}

static bool
read_user(struct arena *arena, const struct bytes *bytes, const struct xray_visit *visit)
{
    Xapi__User *user = unpack(arena, &xapi__user__descriptor, bytes);
    Xapi__VlessAccount *account = NULL;

    if (user == NULL)
        return false;
    if (user->account != NULL) {
        const struct bytes value = {user->account->value.data, user->account->value.len};
        account = unpack(arena, &xapi__vless_account__descriptor, &value);
        if (account == NULL)
            return false;
    }
    if (user->email[0] != '\0' || account != NULL)
        show(visit, user->email, account);
    return true;
}

static bool
read_inbound(struct arena *arena, const struct bytes *bytes, const struct xray_visit *visit)
{
    Xapi__Inbound *inbound = unpack(arena, &xapi__inbound__descriptor, bytes);

    if (inbound != NULL)
        show(visit, inbound->tag, NULL);
    return inbound != NULL;
}

typedef bool (*read_fn)(
    struct arena *arena, const struct bytes *bytes, const struct xray_visit *visit);

/* Each item on its own, so that a long list needs little memory. */
static bool
read_items(
    const ProtobufCBinaryData *items, size_t count, read_fn read, const struct xray_visit *visit)
{
    bool ok = true;

    for (size_t i = 0; ok && i < count; i++) {
        struct arena arena = {0};
        ok = read(&arena, &(const struct bytes){items[i].data, items[i].len}, visit);
        arena_reset(&arena);
    }
    return ok;
}

bool
xray_decode_users(const struct bytes *answer, const struct xray_visit *visit)
{
    struct arena arena = {0};
    Xapi__InboundUsers *list = unpack(&arena, &xapi__inbound_users__descriptor, answer);
    bool ok = list != NULL && read_items(list->users, list->n_users, read_user, visit);

    arena_reset(&arena);
    return ok;
}

bool
xray_decode_inbounds(const struct bytes *answer, const struct xray_visit *visit)
{
    struct arena arena = {0};
    Xapi__Inbounds *list = unpack(&arena, &xapi__inbounds__descriptor, answer);
    bool ok = list != NULL && read_items(list->inbounds, list->n_inbounds, read_inbound, visit);

    arena_reset(&arena);
    return ok;
}

bool
xray_decode_addresses(const struct bytes *answer, const struct xray_visit *visit)
{
    struct arena arena = {0};
    Xapi__OnlineIps *list = unpack(&arena, &xapi__online_ips__descriptor, answer);

    for (size_t i = 0; list != NULL && i < list->n_ips; i++)
        show(visit, list->ips[i]->ip, NULL);
    arena_reset(&arena);
    return list != NULL;
}

bool
xray_decode_uptime(const struct bytes *answer, uint32_t *seconds)
{
    struct arena arena = {0};
    Xapi__SysStats *stats = unpack(&arena, &xapi__sys_stats__descriptor, answer);

    if (stats != NULL)
        *seconds = stats->uptime;
    arena_reset(&arena);
    return stats != NULL;
}
