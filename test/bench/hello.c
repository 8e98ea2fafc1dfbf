/*
 * The ceiling of a handler: the same library, the same nginx, the least work. With DATABASE_URL set
 * it also reads one user by a prepared statement, as GET /users/{id} must.
 */
#include <fcgiapp.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

static const char SQL[] = "select telegram_id, telegram_username, role, devices_max, created_at"
                          " from tg_user where telegram_id = $1";

static PGconn *
open_database(const char *conninfo)
{
    PGconn *conn = conninfo == NULL ? NULL : PQconnectdb(conninfo);

    if (conn != NULL)
        PQclear(PQprepare(conn, "hello", SQL, 0, NULL));
    return conn;
}

/* The last segment of the path is the id. */
static void
read_user(PGconn *conn, const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    const char *values[] = {slash == NULL ? "0" : slash + 1};

    PQclear(PQexecPrepared(conn, "hello", 1, values, NULL, NULL, 0));
}

int
main(void)
{
    FCGX_Request request;
    PGconn *conn = open_database(getenv("DATABASE_URL"));

    FCGX_Init();
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0) {
        if (conn != NULL)
            read_user(conn, FCGX_GetParam("SCRIPT_NAME", request.envp));
        FCGX_PutS("Content-Type: application/json\r\n\r\n{\"status\":\"ok\"}", request.out);
        FCGX_Finish_r(&request);
    }
    PQfinish(conn);
    return 0;
}
