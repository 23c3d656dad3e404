"""Talking to running FISCO BCOS nodes: JSON-RPC over mutual TLS, and what their answers mean.

`client` is what the operator sees (ChainClient), `rpc` one connection to one node, `tls` who may be
at its other end, `answers` the shapes of what it says. The rest of the engine is pure.
"""
