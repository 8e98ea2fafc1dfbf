/* A scene whose Xray is restarted by a script, as a node's run script does it, and counted. */
#ifndef TG_TEST_AGENT_RESTARTS_H
#define TG_TEST_AGENT_RESTARTS_H

#include "daemons/agent/scene.h"

/* As AGENT_RELOAD_XRAY_CMD, before the agent is opened. stop_xray() at the end. */
void use_restart_script(struct scene *scene);
int restarts(struct scene *scene);
void stop_xray(struct scene *scene);

/* "" when there is none. */
const char *text_in(struct scene *scene, const char *path);
const char *in_root(struct scene *scene, const char *name);

#endif
