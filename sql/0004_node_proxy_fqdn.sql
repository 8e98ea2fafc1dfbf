-- The name under which a CDN reaches a node; only WebSocket connections use it.
alter table node_endpoint add column proxy_fqdn varchar(255);
