#include "daemons/agent/restarts.h"

#include <limits.h>
#include <sys/stat.h>

#include "base/fs.h"

enum {
    FILE_MAX = 1 << 20
};

const char *
text_in(struct scene *scene, const char *path)
{
    struct err err;
    char *data = NULL;
    size_t size;

    return fs_read(path, FILE_MAX, &scene->arena, &data, &size, &err) ? data : "";
}

const char *
in_root(struct scene *scene, const char *name)
{
    return arena_printf(&scene->arena, "%s/%s", scene->lab.root, name);
}

static const char *
restarts_of(struct scene *scene)
{
    return arena_printf(&scene->arena, "%s/restarts", scene->gateway.dir);
}

int
restarts(struct scene *scene)
{
    return (int)strlen(text_in(scene, restarts_of(scene)));
}

void
stop_xray(struct scene *scene)
{
    const char *script = arena_printf(&scene->arena,
        "kill -9 $(cat %s/pid) && tail --pid=$(cat %s/pid) -f /dev/null", scene->gateway.dir,
        scene->gateway.dir);

    xray_lab_run(&scene->gateway, (const char *const[]){"sh", "-c", script, NULL});
}

void
use_restart_script(struct scene *scene)
{
    const struct xray_lab *gateway = &scene->gateway;
    char binary[PATH_MAX];
    const char *path = arena_printf(&scene->arena, "%s/re start", gateway->dir);
    const char *script = arena_printf(&scene->arena,
        "#!/bin/sh\ncd %s; printf x >> restarts\n"
        "[ ! -f pid ] || { kill -9 $(cat pid); tail --pid=$(cat pid) -f /dev/null; }\n"
        "rm -f api.sock\nGODEBUG=multipathtcp=0 %s run -c %s/runtime/xray/config.json >>log 2>&1 &\n"
        "echo $! > pid\n",
        gateway->dir, realpath(xray_lab_binary(), binary), scene->lab.root);
    struct err err;

    CHECK(fs_replace(path, script, strlen(script), 0700, &err));
    scene->lab.settings.agent_reload_xray_cmd = arena_printf(&scene->arena, "'%s' again", path);
}
