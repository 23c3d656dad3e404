"""The versions of the node's program that we know: one row for each tag of its repository.

A row holds what no table of keys can say: the newest compatibility version that the tag knows
(MAX_VERSION in Protocol.h) and its feature flags. What a tag reads and what its build_chain.sh
writes is in config_keys.py and genesis_keys.py, entry by entry with the tags where it changed. To
add a tag, add it to `_RELEASES` and the differences to those tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from consortium_operator.engines.fisco_bcos.features import known_features
from consortium_operator.engines.fisco_bcos.version_number import LEAST_COMPATIBILITY, Version


@dataclass(frozen=True, slots=True)
class NodeVersion:
    """One tag. `features` are in the order in which a genesis names them."""

    version: Version
    max_compatibility: Version
    features: tuple[str, ...]

    @property
    def tag(self) -> str:
        return str(self.version)

    def complaint(self, text: str) -> str | None:
        """What is wrong with `text` as the compatibility version of a chain, or None."""
        try:
            wanted = Version.parse(text)
        except ValueError as error:
            return str(error)
        # Block 0 holds the text as the node prints it, and 3.016.4 is not what it prints.
        if str(wanted) != text:
            return f"must be written {wanted}"
        if wanted > self.max_compatibility:
            newest = f"{self.max_compatibility}, the newest that {self.tag} knows"
            return f"must be at most {newest}: raise spec.version first"
        return None if wanted >= LEAST_COMPATIBILITY else f"must be at least {LEAST_COMPATIBILITY}"


# Minor version → patches, of every release from 3.6.0 on; 3.10.1, for one, was never made.
_RELEASES: Mapping[int, tuple[int, ...]] = {
    6: (0, 1),
    7: (0, 1, 2, 3),
    8: (0,),
    9: (0,),
    10: (0, 2, 3),
    11: (0,),
    12: (0, 1, 2, 3, 4),
    13: (0,),
    14: (0,),
    15: (0, 1, 2, 3, 4, 5),
    16: (0, 1, 2, 3, 4),
}

# Tags whose newest compatibility version is not their own.
_MAX_COMPATIBILITY = {Version(3, 10, 3): Version(3, 10, 2)}


def _row(version: Version) -> NodeVersion:
    newest = _MAX_COMPATIBILITY.get(version, version)
    return NodeVersion(version, newest, known_features(version))


VERSIONS: Mapping[str, NodeVersion] = {
    row.tag: row
    for row in (
        _row(Version(3, minor, patch)) for minor, patches in _RELEASES.items() for patch in patches
    )
}
