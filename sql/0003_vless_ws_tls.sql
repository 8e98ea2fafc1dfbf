-- VLESS over WebSocket and TLS, for an own domain behind a CDN.
alter type connection_protocol add value 'VLESS_WS_TLS';
