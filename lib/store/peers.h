/*
 * Inside lib/store: the parts of statements that change a device's WireGuard peer. A device has
 * one peer row while it has a tunnel: the credential in slot 0, under the device's leased address.
 * Its key on nodes is `wg:<device id>`, its version device.wg_ver.
 */
#ifndef TG_STORE_PEERS_H
#define TG_STORE_PEERS_H

/* "insert into wireguard_peer" PEER_COLUMNS " select ..." PEER_REPLACED */
#define PEER_COLUMNS                                                                               \
    " (id, user_id, device_id, peer_public_key, lease_id, preshared_key, allowed_ips, status,"     \
    " created_at)"

#define PEER_REPLACED                                                                              \
    " on conflict (device_id) do update set user_id = excluded.user_id,"                           \
    " peer_public_key = excluded.peer_public_key, lease_id = excluded.lease_id,"                   \
    " preshared_key = excluded.preshared_key, allowed_ips = excluded.allowed_ips,"                 \
    " status = 'active', updated_at = now()"

/* Of the devices in `leaving` (device_id): the row goes, the address rests. */
#define PEERS_DROPPED                                                                              \
    "dropped as (delete from wireguard_peer p using leaving v where p.device_id = v.device_id"     \
    " returning p.lease_id),"                                                                      \
    " resting (id) as (select lease_id from dropped union select l.id from leaving v"              \
    " join ipam_lease l on l.owner_id = v.device_id and l.owner_type = 'device'"                   \
    " where l.status = 'active'),"                                                                 \
    " rested as (update ipam_lease l set status = 'quarantined', updated_at = now(),"              \
    " quarantined_until = now() + make_interval(secs => q.quarantine_seconds)"                     \
    " from resting t, ipam_pool q where l.id = t.id and q.id = l.pool_id)"

#endif
