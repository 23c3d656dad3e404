"""Keccak-256, the hash of a Standard chain: account addresses and transaction hashes."""

from Crypto.Hash import keccak


def keccak256(data: bytes) -> bytes:
    """32 bytes. Not SHA3-256: the padding differs, and no hash of the standard library has it."""
    return keccak.new(digest_bits=256, data=data).digest()
