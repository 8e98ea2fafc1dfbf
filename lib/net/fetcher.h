/* Inside lib/net: what fetches share, and where libcurl meets libevent. */
#ifndef TG_NET_FETCHER_H
#define TG_NET_FETCHER_H

#include <curl/curl.h>

#include "net/fetch.h"

struct event;

struct fetcher {
    struct arena arena; /* holds the fetcher itself */
    struct event_base *base;
    const struct fetch_options *options;
    CURLM *multi;
    struct event *timer;
    struct fetch *fetches;
    size_t busy;
};

/* The transfer has ended: calls back and releases the fetch. */
void fetch_finish(CURL *easy, CURLcode code);

#endif
