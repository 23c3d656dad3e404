"""A version of the node, as the node itself reads and compares one."""

import re
from typing import NamedTuple


class Version(NamedTuple):
    """X.Y.Z, in the node's order: number by number."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @classmethod
    def parse(cls, text: str) -> "Version":
        """X.Y.Z or X.Y, each number at most 255: the node keeps one byte for each
        (VersionConverter.h). Raises ValueError."""
        if re.fullmatch(r"[0-9]{1,3}([.][0-9]{1,3}){1,2}", text) is None:
            raise ValueError("must be X.Y.Z without a leading v")
        numbers = [int(part) for part in text.split(".")]
        if max(numbers) > 255:
            raise ValueError("must be X.Y.Z with numbers of at most 255")
        return cls(*[*numbers, 0][:3])


# The oldest tag that is supported: before it a node dials IP addresses only, and a pod has none
# that stays.
OLDEST = Version(3, 6, 0)

# The [chain] section stands in config.genesis only from this compatibility version on (before, in
# config.ini), and block 0 holds another text.
LEAST_COMPATIBILITY = Version(3, 1, 0)
# Block 0 holds that auth is on from this compatibility version on (Ledger.cpp, buildGenesisBlock).
AUTH_IN_LEDGER = Version(3, 3, 0)
# RPBFT's epochs are part of block 0 from this compatibility version on.
EPOCHS_IN_BLOCK0 = Version(3, 5, 0)
# Tags and compatibility versions from this one on know web3.chain_id and the web3 endpoint.
WEB3 = Version(3, 9, 0)
# Tags from this one on can keep blocks and state in two databases.
SEPARATE_BLOCK_STATE = Version(3, 11, 0)
# Tags from this one on have more than one executor.
EXECUTOR_VERSIONS = Version(3, 15, 0)
# Tags from this one on stop at a nonce that is not there (EVMAccount.h, increaseNonce).
CHECKS_NONCES = Version(3, 16, 0)
