"""The hashes of a chain's ledger: Keccak-256 of a Standard chain, SM3 of an SM chain.

Addresses, transaction hashes and the selectors of contract functions are made with them.
"""

from Crypto.Hash import keccak
from cryptography.hazmat.primitives import hashes


def keccak256(data: bytes) -> bytes:
    """32 bytes. Not SHA3-256: the padding differs, and no hash of the standard library has it."""
    return keccak.new(digest_bits=256, data=data).digest()


def sm3(data: bytes) -> bytes:
    """32 bytes. By the library's own OpenSSL: Python's may have been built without it."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()
