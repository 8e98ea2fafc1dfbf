-- A Hysteria2 configuration of an earlier release may have a password of its obfuscation as well. And an adopted
-- revision of whose credential no key could be made keeps its secrets no longer than others: while it is shared it
-- holds some, whether it has a key or not; when they are dropped there is nothing left to share.
create or replace function revision_reduced(config jsonb) returns jsonb language sql immutable parallel safe as $$
    select as_object(config) - 'uuid' #- '{auth,password}' #- '{obfs,password}' #- '{interface,private_key}'
        #- '{peer,preshared_key}'
$$;

drop index ix_connection_revision_undo;
create index ix_connection_revision_undo on connection_revision (revoked_at)
    where status = 'revoked' and (credential_key is not null or credential_shared);
