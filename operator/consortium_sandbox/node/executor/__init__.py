"""What transactions do: the system contracts, deployment, and nothing else.

`calls` is the interface of a contract, `run` the dispatch; every contract is a module of its own.
Execution is deterministic: the same block on the same state gives the same receipts on every node.
"""
