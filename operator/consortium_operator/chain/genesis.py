"""The sealed founding of a chain: one genesis for all, who founded it, and what never changes.

Rendered once from the founding members, kept in two immutable ConfigMaps and from then on only
read back: neither the spec nor a version of the operator changes a byte of it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

CONFIG_GENESIS = "config.genesis"
FOUNDERS = "founders.json"
SEALED_SETTINGS = "sealed-settings.json"


class TamperedGenesis(ValueError):
    """A genesis ConfigMap that cannot be what we sealed. The message says what is wrong."""


@dataclass(frozen=True, slots=True, order=True)
class Founder:
    """A sealer of block 0. `node` as people write it: shenzhen-0."""

    member: str
    node: str
    node_id: str
    weight: int


@dataclass(frozen=True, slots=True)
class Seal:
    """`text`: the file config.genesis. `settings`: sealed settings by name, as text (version
    dependent defaults resolved at founding: compatibilityVersion, keyPageSize, …).
    """

    text: str
    founders: tuple[Founder, ...]
    settings: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """Over the whole file: the node's own genesis hash leaves fields out."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def founder(self, member: str, node: str) -> Founder | None:
        return next((f for f in self.founders if (f.member, f.node) == (member, node)), None)

    def to_data(self) -> dict[str, str]:
        """The ConfigMap's data."""
        founders = [
            {"member": f.member, "node": f.node, "nodeId": f.node_id, "weight": f.weight}
            for f in sorted(self.founders)
        ]
        return {
            CONFIG_GENESIS: self.text,
            FOUNDERS: json.dumps(founders, indent=1) + "\n",
            SEALED_SETTINGS: json.dumps(dict(self.settings), indent=1, sort_keys=True) + "\n",
        }

    @classmethod
    def from_data(cls, data: Mapping[str, str]) -> "Seal":
        try:
            founders = tuple(
                Founder(str(f["member"]), str(f["node"]), str(f["nodeId"]), int(f["weight"]))
                for f in json.loads(data[FOUNDERS])
            )
            settings = {str(k): str(v) for k, v in json.loads(data[SEALED_SETTINGS]).items()}
            return cls(data[CONFIG_GENESIS], tuple(sorted(founders)), settings)
        except KeyError as error:
            raise TamperedGenesis(f"the key {error} is missing") from error
        except (TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            raise TamperedGenesis(f"unreadable: {error}") from error
