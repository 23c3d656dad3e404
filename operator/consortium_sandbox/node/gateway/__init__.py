"""Links between nodes.

`handshake` makes the streams, `session` is one connection, `frames` what goes over it, `table` who
can be reached and how (pure), `host` accepts and dials, `service` is what the rest of the node
uses: send to a node id, be told who can be reached.

A node is identified twice, as in the real one: by its certificate's public key (P2P id) and by the
node ids it claims in its hello. Nothing binds one to the other; consensus messages carry signatures
of their own.
"""
