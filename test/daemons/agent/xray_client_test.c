#include "agent/xray_client.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/str.h"
#include "harness/check.h"
#include "harness/xray_lab.h"

enum {
    MANY = 10000,
    GIVE_UP_SECONDS = 60
};

#define UUID_A "66ad4540-b58c-4ad2-9926-ea63445a9b57"
#define UUID_B "77ad4540-b58c-4ad2-9926-ea63445a9b57"

/* One conversation: what the last answer was. */
struct talk {
    struct event_base *base;
    struct event *give_up;
    struct xray_client *client;
    int answers, wanted, ups, downs;
    enum xray_result result;
    uint32_t uptime;
    int seen;
    char last[256]; /* entry */
    int added, adding;
};

static void
note(void *arg, const struct xray_answer *answer)
{
    struct talk *talk = arg;

    talk->result = answer->result;
    talk->uptime = answer->uptime;
    if (++talk->answers == talk->wanted)
        event_base_loopbreak(talk->base);
}

static void
see(void *arg, const struct xray_entry *entry)
{
    struct talk *talk = arg;

    talk->seen++;
    snprintf(talk->last, sizeof(talk->last), "%s|%s|%s", entry->name, entry->uuid, entry->flow);
}

static void
note_up(void *arg)
{
    ((struct talk *)arg)->ups++;
}

static void
note_down(void *arg, const char *why)
{
    struct talk *talk = arg;

    (void)why;
    talk->downs++;
    event_base_loopbreak(talk->base);
}

static void
stop_waiting(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    check_failed(CHECK_PLACE, "nothing came in %d s", GIVE_UP_SECONDS);
    event_base_loopbreak(((struct talk *)arg)->base);
}

static void
run(struct talk *talk)
{
    const struct timeval long_enough = {GIVE_UP_SECONDS, 0};

    evtimer_add(talk->give_up, &long_enough);
    event_base_dispatch(talk->base);
    evtimer_del(talk->give_up);
}

static struct xray_done
begin(struct talk *talk)
{
    talk->wanted = talk->answers + 1;
    talk->seen = 0;
    talk->last[0] = '\0';
    return (struct xray_done){note, talk};
}

static enum xray_result
add(struct talk *talk, const char *tag, const char *email, const char *uuid)
{
    const struct xray_entry user = {email, uuid, LAB_FLOW};

    xray_add_user(talk->client, tag, &user, begin(talk));
    run(talk);
    return talk->result;
}

static enum xray_result
remove_user(struct talk *talk, const char *tag, const char *email)
{
    xray_remove_user(talk->client, tag, email, begin(talk));
    run(talk);
    return talk->result;
}

static const char *
read_back(struct talk *talk, const char *email)
{
    struct xray_done done = begin(talk);

    xray_get_users(talk->client, LAB_TAG, email, (struct xray_visit){see, talk}, done);
    run(talk);
    CHECK_INT(XRAY_OK, talk->result);
    return talk->last;
}

static void
test_a_user_is_added_read_back_and_removed(struct talk *talk)
{
    CHECK_INT(XRAY_OK, add(talk, LAB_TAG, "b1-a-1", UUID_A));
    CHECK_STR("b1-a-1|" UUID_A "|" LAB_FLOW, read_back(talk, "b1-a-1"));
    CHECK_STR("", read_back(talk, "b1-a-2"));
    CHECK_INT(XRAY_OK, remove_user(talk, LAB_TAG, "b1-a-1"));
    CHECK_STR("", read_back(talk, "b1-a-1"));
}

static void
test_errors_are_told_apart(struct talk *talk)
{
    CHECK_INT(XRAY_OK, add(talk, LAB_TAG, "b1-a-1", UUID_A));
    CHECK_INT(XRAY_EXISTS, add(talk, LAB_TAG, "B1-A-1", UUID_B));
    CHECK_INT(XRAY_OK, remove_user(talk, LAB_TAG, "b1-a-1"));
    CHECK_INT(XRAY_ABSENT, remove_user(talk, LAB_TAG, "b1-a-1"));
    CHECK_INT(XRAY_NO_INBOUND, add(talk, "nope", "b1-a-1", UUID_A));
    CHECK_INT(XRAY_NO_INBOUND, remove_user(talk, "nope", "b1-a-1"));
    CHECK_INT(XRAY_INVALID, add(talk, LAB_TAG, "b1-a-1", UUID_A "0"));
    CHECK_INT(XRAY_INVALID, remove_user(talk, LAB_TAG, ""));
}

static void
test_inbounds_addresses_and_uptime(struct talk *talk)
{
    struct xray_done done = begin(talk);

    xray_list_inbounds(talk->client, (struct xray_visit){see, talk}, done);
    run(talk);
    CHECK_INT(XRAY_OK, talk->result);
    CHECK_INT(1, talk->seen);
    CHECK_STR(LAB_TAG "||", talk->last);

    done = begin(talk);
    xray_online_addresses(talk->client, "nobody", (struct xray_visit){see, talk}, done);
    run(talk);
    CHECK_INT(XRAY_ABSENT, talk->result);
    CHECK_INT(0, talk->seen);

    talk->uptime = 4711;
    xray_sys_stats(talk->client, begin(talk));
    run(talk);
    CHECK_INT(XRAY_OK, talk->result);
    CHECK(talk->uptime < 3600);
}

static void add_next(void *arg, const struct xray_answer *answer);

static void
add_one_of_many(struct talk *talk)
{
    char email[32], uuid[UUID_SIZE];
    const struct xray_entry user = {email, uuid, LAB_FLOW};

    if (talk->adding == MANY)
        return;
    snprintf(email, sizeof(email), "b1-many-%d", talk->adding);
    snprintf(uuid, sizeof(uuid), "%08x-b58c-4ad2-9926-ea63445a9b57", (unsigned)talk->adding++);
    xray_add_user(talk->client, LAB_TAG, &user, (struct xray_done){add_next, talk});
}

static void
add_next(void *arg, const struct xray_answer *answer)
{
    struct talk *talk = arg;

    talk->added += answer->result == XRAY_OK;
    add_one_of_many(talk);
    note(arg, answer);
}

/* The lab has one user of its own. */
static void
test_ten_thousand_users_and_all_of_them_read(struct talk *talk)
{
    usec_t start = time_monotonic();

    talk->wanted = talk->answers + MANY;
    for (int i = 0; i < 2 * H2_IN_FLIGHT; i++)
        add_one_of_many(talk);
    run(talk);
    usec_t filled = time_monotonic();
    CHECK_INT(MANY, talk->added);

    struct xray_done done = begin(talk);
    xray_get_users(talk->client, LAB_TAG, "", (struct xray_visit){see, talk}, done);
    run(talk);
    CHECK_INT(XRAY_OK, talk->result);
    CHECK_INT(MANY + 1, talk->seen);
    printf("# %d users added in %lld ms (%lld/s), listed in %lld ms\n", MANY,
        (long long)((filled - start) / USEC_MS), (long long)(MANY * USEC_SEC / (filled - start)),
        (long long)((time_monotonic() - filled) / USEC_MS));
}

static void
test_an_inbound_is_removed(struct talk *talk)
{
    xray_remove_inbound(talk->client, LAB_TAG, begin(talk));
    run(talk);
    CHECK_INT(XRAY_OK, talk->result);
    CHECK_INT(XRAY_NO_INBOUND, add(talk, LAB_TAG, "b1-a-1", UUID_A));
}

static void
test_a_stopped_xray_misses_the_deadline(struct talk *talk, struct xray_lab *lab)
{
    kill(lab->server, SIGSTOP);
    CHECK_INT(lab->server, waitpid(lab->server, NULL, WUNTRACED)); /* all of its threads stand */
    CHECK_INT(XRAY_AWAY, add(talk, LAB_TAG, "b1-a-1", UUID_A));
    CHECK_INT(0, talk->downs);
    kill(lab->server, SIGCONT);
    xray_sys_stats(talk->client, begin(talk));
    run(talk);
    CHECK_INT(XRAY_OK, talk->result);
}

static void
test_a_killed_xray_is_noticed_and_found_again(struct talk *talk, struct xray_lab *lab)
{
    struct err err;

    xray_lab_kill(lab);
    run(talk);
    CHECK_INT(1, talk->downs);
    talk->wanted = 0;
    xray_sys_stats(talk->client, (struct xray_done){note, talk});
    CHECK_INT(XRAY_AWAY, talk->result);
    if (!CHECK(xray_lab_start(lab)) || !CHECK(xray_client_connect(talk->client, &err)))
        return;
    CHECK_INT(XRAY_OK, add(talk, LAB_TAG, "b1-a-1", UUID_A));
    CHECK_INT(2, talk->ups);
}

static void
test_results_have_texts(void)
{
    for (int i = 0; i < XRAY_RESULTS; i++)
        CHECK(xray_result_text((enum xray_result)i)[0] != '\0');
}

static void
talk_all(struct talk *talk, struct xray_lab *lab)
{
    struct err err;

    if (!CHECK(xray_client_connect(talk->client, &err)))
        return;
    test_a_user_is_added_read_back_and_removed(talk);
    test_errors_are_told_apart(talk);
    test_inbounds_addresses_and_uptime(talk);
    test_ten_thousand_users_and_all_of_them_read(talk);
    test_a_stopped_xray_misses_the_deadline(talk, lab);
    test_an_inbound_is_removed(talk);
    test_a_killed_xray_is_noticed_and_found_again(talk, lab);
}

int
main(void)
{
    struct xray_lab lab;
    struct talk talk = {.base = event_base_new()};
    const struct h2_owner owner = {note_up, note_down, &talk};
    const struct settings settings = {
        .agent_xray_api_timeout_seconds = 1, .agent_xray_api_prefix = "xray."};

    signal(SIGPIPE, SIG_IGN);
    if (xray_lab_binary() == NULL)
        return xray_lab_skip();
    talk.give_up = evtimer_new(talk.base, stop_waiting, &talk);
    if (CHECK(xray_lab_open(&lab)) && CHECK(xray_lab_start(&lab))) {
        talk.client = xray_client_new(talk.base, lab.api, &settings, &owner);
        talk_all(&talk, &lab);
        xray_client_free(talk.client);
    }
    xray_lab_close(&lab);
    test_results_have_texts();
    event_free(talk.give_up);
    event_base_free(talk.base);
    return check_report("agent/xray_client");
}
