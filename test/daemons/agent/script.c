#include "daemons/agent/script.h"

bool
script_play(struct memory *memory, const struct wish *wish, ticket_t ticket)
{
    struct script *script = memory->object;
    size_t length = strlen(script->order);

    snprintf(script->order + length, sizeof(script->order) - length, "%s%s ",
        wish->removed ? "-" : "", wish->key);
    if (script->hold != NULL && str_eq(script->hold, wish->key)) {
        script->held = ticket;
        if (script->cut_later)
            component_applied(memory->component, ticket);
        return true;
    }
    if (script->reject != NULL && str_eq(script->reject, wish->key)) {
        component_rejected(memory->component, ticket, "bad_id", "no such thing");
        return true;
    }
    if (script->failures > 0) {
        script->failures--;
        component_failed(memory->component, ticket, "not now");
        return true;
    }
    return false;
}

void
open_with(struct lab *lab, struct script *script, const char *keys)
{
    struct arena arena = {0};
    const char *events = "";

    lab_open(lab, "xray,bundle");
    for (const char *key = keys; *key != '\0'; key++)
        events = arena_printf(&arena, "%s%s%s", events, *events == '\0' ? "" : ",",
            lab_event(&arena, 0, "xray", arena_printf(&arena, "%c", *key), 1, "{}"));
    lab_snapshot(lab, "s1", 10, events);
    CHECK_INT(10, lab_int(lab, "converged.xray"));
    lab_memory(lab, "xray")->object = script;
    lab_memory(lab, "xray")->intercept = script_play;
    arena_reset(&arena);
}

void
change(struct lab *lab, int64_t gen, const char *key, int64_t ver, const char *payload)
{
    struct arena arena = {0};

    lab_batch(lab, gen - 1, gen, lab_event(&arena, gen, "xray", key, ver, payload));
    CHECK_INT(200, lab->status);
    arena_reset(&arena);
}

bool
has_caught_up(struct lab *lab)
{
    return agent_component(&lab->agent, "xray")->converged == lab->agent.state.meta.desired_gen;
}
