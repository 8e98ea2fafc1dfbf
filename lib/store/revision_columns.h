/* Inside lib/store: how a revision is read from its row, the same in every statement. */
#ifndef TG_STORE_REVISION_COLUMNS_H
#define TG_STORE_REVISION_COLUMNS_H

#include "schema/schema.h"

extern const struct schema revision_row_schema;

/* Of a revision r: its configuration without what is secret, whatever the protocol. */
#define REVISION_REDUCED "revision_reduced(r.effective_config_json)"

/* Of a revision, or a CTE of its rows, that is called r, its connection c and their user u. */
#define REVISION_COLUMNS                                                                           \
    "r.id, r.connection_id, r.slot, r.status, r.camouflage_sni_id, case when r.status = 'active'"  \
    " then as_object(r.effective_config_json) else " REVISION_REDUCED                              \
    " end as effective_config_json,"                                                               \
    " r.created_at, c.user_id, u.role as user_role"

#endif
