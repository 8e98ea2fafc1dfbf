#include "net/fetch.h"

#include <assert.h>
#include <curl/curl.h>
#include <string.h>

#include "net/fetcher.h"

#define CONNECT_TIMEOUT (2 * USEC_SEC)
#define TIMEOUT         (20 * USEC_SEC)
#define ANSWER_MAX      ((size_t)1 << 20)

enum {
    FIRST_BYTES = 4096
};

/* Lives in its own arena, together with the request. */
struct fetch {
    struct arena arena;
    struct fetcher *fetcher;
    struct fetch *next, **link; /* in fetcher->fetches */
    CURL *easy;
    struct curl_slist *headers;
    fetch_fn *done;
    void *state;
    char *data;
    size_t size, room, limit;
    bool overrun;
    usec_t started_at;
    char reason[CURL_ERROR_SIZE];
};

/* -- the answer's body --------------------------------------------------------------------- */

static void
make_room(struct fetch *fetch, size_t need)
{
    size_t room = fetch->room > 0 ? fetch->room : FIRST_BYTES;

    while (room < need)
        room *= 2;
    if (room == fetch->room)
        return;
    char *data = arena_alloc(&fetch->arena, room);
    if (fetch->size > 0)
        memcpy(data, fetch->data, fetch->size);
    fetch->data = data;
    fetch->room = room;
}

static size_t
on_data(char *data, size_t unused_one, size_t size, void *object)
{
    struct fetch *fetch = object;

    (void)unused_one;
    if (size > fetch->limit - fetch->size) {
        fetch->overrun = true;
        return 0;
    }
    make_room(fetch, fetch->size + size + 1);
    memcpy(fetch->data + fetch->size, data, size);
    fetch->size += size;
    fetch->data[fetch->size] = '\0';
    return size;
}

/* -- the request --------------------------------------------------------------------------- */

static void
add_header(struct fetch *fetch, const char *name, const char *value)
{
    const char *line = arena_printf(&fetch->arena, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(fetch->headers, line);

    assert(longer != NULL); /* only without memory */
    fetch->headers = longer;
}

static void
set_body(struct fetch *fetch, const struct fetch_request *request)
{
    if (request->body == NULL)
        return;
    curl_easy_setopt(fetch->easy, CURLOPT_POSTFIELDS, request->body);
    curl_easy_setopt(fetch->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    add_header(fetch, "Content-Type", "application/json");
    /* Without this libcurl waits for a 100 before it sends a larger body. */
    add_header(fetch, "Expect", "");
}

static void
set_headers(struct fetch *fetch, const struct fetch_request *request)
{
    for (size_t i = 0; i < FETCH_HEADERS_MAX && request->headers[i].name != NULL; i++)
        add_header(fetch, request->headers[i].name, request->headers[i].value);
    curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers);
}

static void
set_limits(struct fetch *fetch, const struct fetch_request *request)
{
    usec_t connect = request->connect_timeout > 0 ? request->connect_timeout : CONNECT_TIMEOUT;
    usec_t all = request->timeout > 0 ? request->timeout : TIMEOUT;

    fetch->limit = request->answer_max > 0 ? request->answer_max : ANSWER_MAX;
    curl_easy_setopt(fetch->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect / USEC_MS));
    curl_easy_setopt(fetch->easy, CURLOPT_TIMEOUT_MS, (long)(all / USEC_MS));
    curl_easy_setopt(fetch->easy, CURLOPT_NOSIGNAL, 1L);
}

static void
set_callbacks(struct fetch *fetch)
{
    curl_easy_setopt(fetch->easy, CURLOPT_PRIVATE, fetch);
    curl_easy_setopt(fetch->easy, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(fetch->easy, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(fetch->easy, CURLOPT_ERRORBUFFER, fetch->reason);
}

static void
set_text(struct fetch *fetch, CURLoption option, const char *text)
{
    if (text != NULL && text[0] != '\0')
        curl_easy_setopt(fetch->easy, option, text);
}

static void
set_peer(struct fetch *fetch, const struct fetch_request *request)
{
    const struct fetch_options *options = fetch->fetcher->options;

    curl_easy_setopt(fetch->easy, CURLOPT_URL, request->url);
    set_body(fetch, request);
    curl_easy_setopt(fetch->easy, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(fetch->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(fetch->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(fetch->easy, CURLOPT_PROXY, "");
    set_text(fetch, CURLOPT_USERAGENT, options->user_agent);
    set_text(fetch, CURLOPT_SSLCERT, options->cert);
    set_text(fetch, CURLOPT_SSLKEY, options->key);
    set_text(fetch, CURLOPT_CAINFO, options->ca);
}

static void
join(struct fetch *fetch)
{
    struct fetch **first = &fetch->fetcher->fetches;

    fetch->next = *first;
    fetch->link = first;
    if (fetch->next != NULL)
        fetch->next->link = &fetch->next;
    *first = fetch;
    fetch->fetcher->busy++;
}

struct fetch *
fetch_start(struct fetcher *fetcher, struct arena *arena, const struct fetch_request *request,
    fetch_fn *done, void *state)
{
    struct fetch *fetch = arena_alloc(arena, sizeof(*fetch));

    *fetch = (struct fetch){.fetcher = fetcher, .done = done, .state = state, .data = NULL};
    fetch->arena = *arena;
    *arena = (struct arena){0};
    fetch->started_at = time_monotonic();
    make_room(fetch, 1);
    fetch->easy = curl_easy_init();
    assert(fetch->easy != NULL); /* only without memory */
    set_peer(fetch, request);
    set_headers(fetch, request);
    set_limits(fetch, request);
    set_callbacks(fetch);
    join(fetch);
    CURLMcode added = curl_multi_add_handle(fetcher->multi, fetch->easy);
    assert(added == CURLM_OK); /* a new handle, outside libcurl's callbacks */
    (void)added;
    return fetch;
}

/* -- the end ------------------------------------------------------------------------------- */

static void
release(struct fetch *fetch)
{
    struct arena arena = fetch->arena;

    curl_multi_remove_handle(fetch->fetcher->multi, fetch->easy);
    curl_easy_cleanup(fetch->easy);
    curl_slist_free_all(fetch->headers);
    *fetch->link = fetch->next;
    if (fetch->next != NULL)
        fetch->next->link = fetch->link;
    fetch->fetcher->busy--;
    arena_reset(&arena);
}

void
fetch_cancel(struct fetch *fetch)
{
    if (fetch != NULL)
        release(fetch);
}

/* A request that never left is not a slow peer. */
static enum fetch_end
end_of(const struct fetch *fetch, CURLcode code)
{
    curl_off_t sent_after = 0;

    if (code == CURLE_OK)
        return FETCH_ANSWERED;
    if (fetch->overrun)
        return FETCH_TOO_LARGE;
    curl_easy_getinfo(fetch->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_after);
    return code == CURLE_OPERATION_TIMEDOUT && sent_after > 0 ? FETCH_TIMEOUT : FETCH_UNREACHABLE;
}

static void
fill_answer(struct fetch *fetch, CURLcode code, struct fetch_answer *answer)
{
    long status = 0;
    curl_off_t retry_after = 0;

    *answer = (struct fetch_answer){.end = end_of(fetch, code),
        .data = fetch->data,
        .size = fetch->size,
        .took = time_monotonic() - fetch->started_at};
    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(fetch->easy, CURLINFO_RETRY_AFTER, &retry_after);
    answer->status = (int)status;
    answer->retry_after = (usec_t)retry_after * USEC_SEC;
    if (answer->end == FETCH_TOO_LARGE)
        err_fill_text(&answer->err, ERR_PEER_AWAY, "the answer is too large");
    else if (answer->end != FETCH_ANSWERED)
        err_fill_text(&answer->err, ERR_PEER_AWAY, "%s",
            fetch->reason[0] != '\0' ? fetch->reason : curl_easy_strerror(code));
}

void
fetch_finish(CURL *easy, CURLcode code)
{
    struct fetch *fetch = NULL;
    struct fetch_answer answer;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&fetch);
    fill_answer(fetch, code, &answer);
    fetch_fn *done = fetch->done;
    void *state = fetch->state;
    fetch->done = NULL;
    done(state, &answer);
    release(fetch);
}
