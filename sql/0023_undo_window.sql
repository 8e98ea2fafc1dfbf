-- A revoked revision keeps its secrets only while it can be activated again; whose time is over is found by this
-- index, which holds no others: what has been dropped has no credential key either.
create index ix_connection_revision_undo on connection_revision (revoked_at)
    where status = 'revoked' and credential_key is not null;
