"""JSON-RPC: `http` speaks HTTP/1.1, `server` the protocol, `methods` answers, `shapes` formats.

`web3` is the Ethereum-style port.
"""
