-- A device's address is found by its owner, whenever a tunnel is issued or ends.
create index ix_ipam_lease_owner on ipam_lease (owner_id);
