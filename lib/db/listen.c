#include "db/listen.h"

#include "db/connect.h"
#include "db/statement.h"

/* Forgets all that has come; whether there was any. */
static bool
drain(PGconn *conn)
{
    bool any = false;

    for (PGnotify *notify; (notify = PQnotifies(conn)) != NULL; any = true)
        PQfreemem(notify);
    return any;
}

bool
db_listen(struct db *db, const struct query *listen, bool *missed, struct err *err)
{
    if (db->conn != NULL && !connect_alive(db->conn))
        statement_disconnect(db);
    *missed = db->listening != listen || drain(db->conn);
    if (db->listening == listen)
        return true;
    if (!db_exec(db, listen, DB_NO_ARGS, NULL, err))
        return false;
    db->listening = listen;
    return true;
}

int
db_socket(const struct db *db)
{
    return db->conn != NULL ? PQsocket(db->conn) : -1;
}
