"""JSON-RPC: `http` speaks HTTP/1.1, `server` the protocol, `methods` answers, `shapes` formats."""
