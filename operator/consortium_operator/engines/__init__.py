"""Engines: what only one kind of chain knows, behind one protocol.

`protocol` is the seam, `registry` the one table of engines. Everything about FISCO BCOS is in
`fisco_bcos`: pure code, apart from its `node` package, which talks to running nodes.
"""
