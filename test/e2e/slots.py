"""The rule of three slots once more, small and slow: what the log of changes says, done one after another.

    Slots(database, connection_id).faults()    # []: the rows are what the log leads to
"""
import json


class Slots:
    def __init__(self, database, connection):
        self.database, self.connection = database, connection

    def rows(self, statement):
        return [json.loads(line) for line in
                self.database.sql(statement.format(id=self.connection)).splitlines()]

    def changes(self):
        """(version, action, revision) in the order of the versions."""
        return self.rows("select json_build_array((after->>'ver')::int, action, substr(subject, 10)) "
                         "from audit_log where subject like 'revision:%' and "
                         "after->>'connection_id' = '{id}' order by (after->>'ver')::int")

    def versions(self):
        """Of the events, whatever they say; those of a tunnel are its device's."""
        return self.rows("select distinct e.ver from outbox_event e join connection c on "
                         "e.aggregate_id in (c.id::text, 'wg:' || c.device_id) where c.id = '{id}' order by e.ver")

    def peer(self):
        """The node's only peer of a tunnel is slot 0's, with the device's one address."""
        return self.rows(
            "select json_build_array(r.effective_config_json->>'device_public_key', "
            "r.effective_config_json->>'assigned_ip', coalesce(p.peer_public_key, ''), l.ip, l.status) "
            "from connection c left join connection_revision r on r.connection_id = c.id and r.status = 'active' "
            "and r.slot = 0 left join wireguard_peer p on p.device_id = c.device_id left join ipam_lease l on "
            "l.owner_id = c.device_id where c.id = '{id}' and c.protocol = 'wireguard'")

    def peer_is_right(self):
        return all((key, address) == (of_peer, of_lease) and lease == "active" if key
                   else of_peer == "" and lease == "quarantined"
                   for key, address, of_peer, of_lease, lease in self.peer())

    def state_faults(self):
        """Whatever has happened: slots are dense, and what is revoked has nothing that lives."""
        rows = self.rows("select json_build_array(c.status, d.status, (select coalesce(json_agg(r.slot order by r.slot), "
                         "'[]') from connection_revision r where r.connection_id = c.id and r.status = 'active')) "
                         "from connection c join device d on d.id = c.device_id where c.id = '{id}'")
        status, of_device, slots = rows[0]
        good = slots == list(range(len(slots))) and (status == "active") == bool(slots) and (
            of_device == "active" or status == "revoked")
        return [] if good and (status == "revoked" or self.peer_is_right()) else [(rows, self.peer())]

    def replay(self):
        """Revisions by slot after each change, when all come one after another."""
        first = self.rows("select json_build_array(after->>'revision_id') from audit_log where "
                          "subject = 'connection:{id}' and action = 'connections.create'")
        yield (slots := [revision for row in first for revision in row if revision])
        for _, action, revision in self.changes():
            rest = [other for other in slots if other != revision]
            yield (slots := rest if action == "revisions.revoke" else [revision, *rest[:2]])

    def faults(self):
        have = self.rows("select json_build_array(slot, id) from connection_revision where "
                         "connection_id = '{id}' and status = 'active' order by slot")
        ver, status, protocol = self.rows("select json_build_array(ver, status, protocol) from connection "
                                          "where id = '{id}'")[0]
        steps = list(self.replay())
        heads = sum(one[:1] != other[:1] for one, other in zip([[], *steps], steps))
        told = heads if protocol == "wireguard" else ver # a tunnel's node knows slot 0 alone
        checks = [
            ("slots are as one after another", [list(pair) for pair in enumerate(steps[-1])], have),
            ("each version has one change", list(range(2, ver + 1)), [row[0] for row in self.changes()]),
            ("each version has its events", list(range(1, told + 1)), self.versions()),
            ("a tunnel has its peer", [], [] if self.peer_is_right() else self.peer()),
            ("it lives while it has a revision", "active" if have else "revoked", status)]
        return [(title, want, found) for title, want, found in checks if want != found]
