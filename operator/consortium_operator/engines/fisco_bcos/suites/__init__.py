"""Cryptographic suites: what Standard and SM chains do differently, behind one seam.

`suite` says what a suite consists of, `table` has the two that there are. Their parts: the kinds of
keys (`rsa_keys`, `secp256k1_keys`, `sm2_keys`) and who signs certificates (`x509_signer`,
`sm2_signer`). Nobody else asks which suite a chain has.
"""
