/* Answers that are files for people to keep. */
#ifndef TG_HTTP_FILE_H
#define TG_HTTP_FILE_H

#include "export/export.h"
#include "http/app.h"

/* Content-Disposition names it. */
bool reply_file(struct req *req, const struct export_file *file);

#endif
