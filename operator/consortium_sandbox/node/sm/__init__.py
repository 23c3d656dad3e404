"""SM (guomi): the suite of an SM chain, SM certificates, and the handshake between SM nodes.

Only imported for SM chains. The ledger's side is real: SM2 node ids and signatures, SM3 hashes,
SM3-based selectors (`suite`). The transport is not: Python's ssl speaks no TLCP, so nodes check
each other by a handshake of the stand-in's own (`handshake`), on real SM2 certificates
(`certificates`), and what follows it travels in the clear.
"""
