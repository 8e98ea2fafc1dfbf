#include "net/h2_slot.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum {
    PREFIX_SIZE = 5, /* a flag and the length, in network order */
    STATUS_MAX = 999
};

void
h2_slot_fill(struct h2_slot *slot, const struct h2_call *call)
{
    uint8_t prefix[PREFIX_SIZE] = {0};
    uint32_t length = htonl((uint32_t)call->size);

    memcpy(prefix + 1, &length, sizeof(length));
    evbuffer_drain(slot->out, evbuffer_get_length(slot->out));
    evbuffer_drain(slot->in, evbuffer_get_length(slot->in));
    evbuffer_add(slot->out, prefix, sizeof(prefix));
    evbuffer_add(slot->out, call->body, call->size);
    slot->call = *call;
    slot->stream = 0;
    slot->http_status = 0;
    slot->grpc_status = -1;
    slot->spoilt = false;
    slot->message[0] = '\0';
}

/* 0 to 999; -1 for anything else. */
static int
read_status(const char *text)
{
    int value = 0;

    if (*text == '\0')
        return -1;
    for (; *text >= '0' && *text <= '9' && value <= STATUS_MAX; text++)
        value = value * 10 + (*text - '0');
    return *text == '\0' && value <= STATUS_MAX ? value : -1;
}

/* Undo gRPC's percent-encoding; a broken escape stands for itself, a NUL ends the text. */
static void
read_message(const char *text, char message[H2_MESSAGE_SIZE])
{
    size_t length = 0;

    while (*text != '\0' && length < H2_MESSAGE_SIZE - 1) {
        int high = text[0] == '%' ? hex_value(text[1]) : -1;
        int low = high >= 0 ? hex_value(text[2]) : -1;

        if (low >= 0) {
            message[length++] = (char)(high << 4 | low);
            text += 3;
        } else {
            message[length++] = *text++;
        }
    }
    message[length] = '\0';
}

static void
take_status(int *status, bool *spoilt, const char *value)
{
    *status = read_status(value);
    *spoilt = *spoilt || *status < 0;
}

void
h2_slot_header(struct h2_slot *slot, const char *name, const char *value)
{
    if (str_eq(name, ":status"))
        take_status(&slot->http_status, &slot->spoilt, value);
    else if (str_eq(name, "grpc-status"))
        take_status(&slot->grpc_status, &slot->spoilt, value);
    else if (str_eq(name, "grpc-message"))
        read_message(value, slot->message);
}

bool
h2_slot_data(struct h2_slot *slot, const uint8_t *data, size_t size)
{
    if (evbuffer_get_length(slot->in) + size > H2_ANSWER_MAX)
        return false;
    return evbuffer_add(slot->in, data, size) == 0;
}

static void
tell(struct h2_slot *slot, const struct h2_answer *answer)
{
    slot->call.done(slot->call.arg, answer);
    evbuffer_drain(slot->in, evbuffer_get_length(slot->in));
}

void
h2_slot_fail(struct h2_slot *slot, int status, const char *why)
{
    const struct h2_answer answer = {.status = status, .message = why};

    tell(slot, &answer);
}

/* Exactly one message, not compressed. */
static bool
find_message(struct evbuffer *in, struct h2_answer *answer)
{
    size_t size = evbuffer_get_length(in);
    uint32_t length;

    if (size < PREFIX_SIZE)
        return false;
    const uint8_t *bytes = evbuffer_pullup(in, -1);
    memcpy(&length, bytes + 1, sizeof(length));
    if (bytes[0] != 0 || ntohl(length) != size - PREFIX_SIZE)
        return false;
    answer->data = bytes + PREFIX_SIZE;
    answer->size = size - PREFIX_SIZE;
    return true;
}

static void
finish_answered(struct h2_slot *slot)
{
    struct h2_answer answer = {.status = slot->grpc_status, .message = slot->message};

    if (answer.status == GRPC_OK && !find_message(slot->in, &answer))
        h2_slot_fail(slot, GRPC_INTERNAL, "the answer is not one gRPC message");
    else
        tell(slot, &answer);
}

void
h2_slot_finish(struct h2_slot *slot, uint32_t code)
{
    char why[64];

    if (slot->spoilt) {
        h2_slot_fail(slot, GRPC_INTERNAL, "the answer's status is no number");
    } else if (slot->grpc_status >= 0) {
        finish_answered(slot);
    } else if (code != NGHTTP2_NO_ERROR) {
        snprintf(why, sizeof(why), "the stream was reset, code %u", (unsigned)code);
        h2_slot_fail(slot, GRPC_UNAVAILABLE, why);
    } else {
        snprintf(why, sizeof(why), "no grpc-status, HTTP status %d", slot->http_status);
        h2_slot_fail(slot, GRPC_INTERNAL, why);
    }
}
