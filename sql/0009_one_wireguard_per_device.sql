-- A device has one active WireGuard connection and at most one peer row; revoked peers have none. Of several active
-- connections of a device the kept peer's stays: the one whose active slot 0 names the peer's key, else the newest.
delete from wireguard_peer where status = 'revoked';

-- The address of a peer is taken, whatever its lease says: else another device would be given it. Of two leases of a
-- device the one that its peer uses stays.
update ipam_lease l set status = 'released', quarantined_until = null, updated_at = now()
 where l.status = 'active' and l.owner_type = 'device'
   and exists (select 1 from wireguard_peer p join ipam_lease used on used.id = p.lease_id
                where p.device_id = l.owner_id and used.pool_id = l.pool_id and used.id <> l.id
                  and used.status <> 'active')
   and not exists (select 1 from wireguard_peer p where p.lease_id = l.id);
update ipam_lease l set status = 'active', owner_type = 'device', owner_id = p.device_id, quarantined_until = null,
    updated_at = now()
  from wireguard_peer p
 where p.lease_id = l.id and l.status <> 'active'
   and not exists (select 1 from ipam_lease o where o.pool_id = l.pool_id and o.owner_type = 'device'
                      and o.owner_id = p.device_id and o.status = 'active');

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
