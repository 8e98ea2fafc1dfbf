/* What a scrape finds. */
#include "agent/component.h"
#include "agent/gauges.h"
#include "daemons/agent/lab.h"

static bool
has_line(struct lab *lab, const char *line)
{
    struct arena arena = {0};
    size_t size;
    struct err err;

    if (!gauges_collect(&lab->agent, &arena, &err))
        return check_failed("gauges", "%s", err.detail);
    struct req req = {.arena = &arena, .state = &lab->agent, .route = agent_metrics_app.routes};
    CHECK(gauges_reply(&req, &err));
    const char *text = metrics_text(lab->agent.metrics, &arena, &size);
    bool found = strstr(text, line) != NULL;
    if (!found)
        check_failed("no line", "%s in\n%s", line, text);
    arena_reset(&arena);
    return found;
}

static void
test_the_core_is_counted(void)
{
    struct lab lab;
    struct arena arena = {0};

    lab_open(&lab, "xray,bundle");
    lab.settings.agent_metrics_seconds = 5;
    lab_snapshot(&lab, "s1", 10,
        arena_printf(&arena, "%s,%s", lab_event(&arena, 0, "xray", "a", 1, "{}"),
            lab_event(&arena, 0, "xray", "b", 1, "{}")));
    CHECK(has_line(&lab, "tracegate_agent_info{role=\"VPS_T\",version=\"0.1.0\"} 1\n"));
    CHECK(has_line(&lab, "tracegate_agent_artifacts{kind=\"connections\"} 2\n"));
    CHECK(has_line(&lab, "tracegate_agent_artifacts{kind=\"bundles\"} 0\n"));
    CHECK(has_line(&lab, "tracegate_agent_component_up{component=\"xray\"} 1\n"));
    CHECK(has_line(&lab, "tracegate_agent_component_behind{component=\"xray\"} 0\n"));
    CHECK(has_line(
        &lab, "tracegate_agent_generation{stream=\"role:VPS_T\",what=\"converged\"} 10\n"));
    lab_batch(&lab, 10, 11, lab_event(&arena, 11, "xray", "a", 2, NULL));
    CHECK(has_line(&lab, "tracegate_agent_artifacts{kind=\"connections\"} 1\n"));
    CHECK(has_line(&lab, "tracegate_agent_revocation_seconds_count{component=\"xray\"} 1\n"));
    lab.settings.agent_apply_wait_ms = 1;
    component_down(agent_component(&lab.agent, "xray"), "away");
    lab_batch(&lab, 11, 12, lab_event(&arena, 12, "xray", "c", 1, "{}"));
    CHECK(has_line(&lab, "tracegate_agent_component_up{component=\"xray\"} 0\n"));
    CHECK(has_line(&lab, "tracegate_agent_component_behind{component=\"xray\"} 1\n"));
    CHECK(
        has_line(&lab, "tracegate_agent_generation{stream=\"role:VPS_T\",what=\"desired\"} 12\n"));
    CHECK(has_line(
        &lab, "tracegate_agent_generation{stream=\"role:VPS_T\",what=\"converged\"} 11\n"));
    arena_reset(&arena);
    lab_close(&lab);
}

static void
test_the_host_is_there(void)
{
    struct lab lab;

    lab_open(&lab, "xray");
    lab.settings.agent_metrics_seconds = 5;
    CHECK(has_line(&lab, "tracegate_host_load_average{window=\"5m\"} "));
    CHECK(has_line(&lab, "tracegate_host_memory_bytes{kind=\"available\"} "));
    CHECK(has_line(&lab, "tracegate_host_network_bytes_total{interface=\"lo\",direction=\"rx\"} "));
    CHECK(has_line(&lab, "tracegate_host_disk_bytes{kind=\"free\"} "));
    CHECK(has_line(&lab, "tracegate_host_cpu_seconds_total{mode=\"idle\"} "));
    lab_close(&lab);
}

int
main(void)
{
    test_the_core_is_counted();
    test_the_host_is_there();
    return check_report("agent/gauges");
}
