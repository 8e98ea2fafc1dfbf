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
        """Of the events, whatever they say."""
        return [int(line) for line in self.database.sql(
            f"select distinct ver from outbox_event where aggregate_id = '{self.connection}' "
            "order by ver").splitlines()]

    def replay(self):
        """Revisions by slot, when all changes come one after another."""
        first = self.rows("select json_build_array(after->>'revision_id') from audit_log where "
                          "subject = 'connection:{id}' and action = 'connections.create'")
        slots = [revision for row in first for revision in row if revision]
        for _, action, revision in self.changes():
            rest = [other for other in slots if other != revision]
            slots = rest if action == "revisions.revoke" else [revision, *rest[:2]]
        return slots

    def faults(self):
        have = self.rows("select json_build_array(slot, id) from connection_revision where "
                         "connection_id = '{id}' and status = 'active' order by slot")
        ver, status = self.rows("select json_build_array(ver, status) from connection where id = '{id}'")[0]
        checks = [
            ("slots are as one after another", [list(pair) for pair in enumerate(self.replay())], have),
            ("each version has one change", list(range(2, ver + 1)), [row[0] for row in self.changes()]),
            ("each version has its events", list(range(1, ver + 1)), self.versions()),
            ("it lives while it has a revision", "active" if have else "revoked", status)]
        return [(title, want, found) for title, want, found in checks if want != found]
