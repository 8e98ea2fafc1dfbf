-- A device has one active WireGuard connection and at most one peer row; revoked peers have none. Of several active
-- connections of a device the kept peer's stays: the one whose active slot 0 names the peer's key, else the newest.
delete from wireguard_peer where status = 'revoked';

create temporary table surplus_connection on commit drop as
    select id from (
        select c.id, row_number() over (
            partition by c.device_id
            order by exists (select 1 from connection_revision r join wireguard_peer p on p.device_id = c.device_id
                              where r.connection_id = c.id and r.status = 'active' and r.slot = 0
                                and r.effective_config_json ->> 'device_public_key' = p.peer_public_key) desc,
                c.created_at desc, c.id) as place
          from connection c where c.protocol = 'wireguard' and c.status = 'active') as ranked
     where place > 1;

update connection_revision set status = 'revoked'
 where status = 'active' and connection_id in (select id from surplus_connection);
update connection set status = 'revoked' where id in (select id from surplus_connection);

create unique index uq_connection_active_wireguard on connection (device_id)
    where protocol = 'wireguard' and status = 'active';
