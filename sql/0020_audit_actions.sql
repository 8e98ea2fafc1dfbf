-- The audit log is asked for one kind of change, too.
create index ix_audit_log_action on audit_log (action, at, id);
