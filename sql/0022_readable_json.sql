-- An adopted row may hold JSON that is no object where there should be one. Such a value stays, but is shown as an
-- empty object, so that one row does not hide all that it is listed with.
create function as_object(value jsonb) returns jsonb language sql immutable parallel safe as $$
    select case when jsonb_typeof(value) = 'object' then value else '{}' end
$$;

-- What is shown of a revoked revision: its configuration without what is secret, whatever the protocol.
create function revision_reduced(config jsonb) returns jsonb language sql immutable parallel safe as $$
    select as_object(config) - 'uuid' #- '{auth,password}' #- '{interface,private_key}' #- '{peer,preshared_key}'
$$;
