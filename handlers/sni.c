/*
 * /sni: the names that a REALITY client may pretend to visit.
 */
#include "domain/catalog.h"
#include "http/app.h"

static bool
list_sni(struct req *req, struct err *err)
{
    struct list names;

    (void)err; /* the catalogue is in memory: nothing can fail */
    catalog_list(&req->turn, req->in_query, &names);
    return reply_list(req, &names, (int64_t)names.count, NULL);
}

static const struct route routes[] = {
    {"GET", "", "sni:read", list_sni, 200, LIST, .query = &catalog_query_schema,
        .answer = &sni_schema},
};

const struct app handler_app = {"sni", "/sni", routes, COUNT(routes), .issues = true};
