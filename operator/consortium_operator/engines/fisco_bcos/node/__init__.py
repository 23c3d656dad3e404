"""Talking to running FISCO BCOS nodes: JSON-RPC over mutual TLS, and what their answers mean.

`client` is what the operator sees (ChainClient), `rpc` one connection to one node, `tls` who may be
at its other end, `asking` one question, `answers` the shapes of what it says. A change of the chain
goes through `governance`: `sending` a transaction, `proposing` to a committee, finding the `origin`
of a proposal, and `voting` for a person. The rest of the engine is pure.
"""
