#include "http/file.h"

bool
reply_file(struct req *req, const struct export_file *file)
{
    reply_header(req, "Content-Disposition",
        arena_printf(req->arena, "attachment; filename=\"%s\"", file->name));
    return reply_bytes(req, file->type, file->data, file->size);
}
