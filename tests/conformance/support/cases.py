"""The description of expected behaviour: `cases/*.yaml`, read and applied.

A case changes the files of a node that would start, and says what then happens::

    - case: chain_id with a dash
      section: "12"
      genesis: {chain.chain_id: chain-0}
      exit: 255
      says: The chainId must be number or digit

- `config`, `genesis`: keys of the two files to set; null removes one.
- `files`: whole files by path; null deletes one. `append`, `prepend`, `replace` edit as text.
- `exit` with `says` (a text or several): the process ends so. `runs: true`: it answers RPC, and
  what `answers` lists, over TLS where `tls` says so. `since`, `until`: the releases this holds for.
- `rare`: left to the long campaign, as another case is of its kind.
- `version`: the release to run it on. `compatibility`: what the genesis is founded as.

`<node_id>`, `<p2p_port>` and `<rpc_port>` stand for the node's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.conformance.support.binaries import Binary, number_of
from tests.conformance.support.files import NodeFiles, Sections

_DIRECTORY = Path(__file__).parents[1] / "cases"


@dataclass(frozen=True)
class Case:
    """One entry, as it stands in the file."""

    case: str
    section: str
    rare: bool = False
    config: dict[str, Any] = field(default_factory=dict)
    genesis: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str | None] = field(default_factory=dict)
    append: dict[str, str] = field(default_factory=dict)
    prepend: dict[str, str] = field(default_factory=dict)
    replace: dict[str, list[str]] = field(default_factory=dict)
    exit: int | None = None
    says: str | list[str] = ""
    runs: bool = False
    tls: bool = False
    answers: list[dict[str, Any]] = field(default_factory=list)
    since: str = "3.6.0"
    until: str = "99.0.0"
    version: str | None = None
    compatibility: str | None = None

    def __post_init__(self) -> None:
        if (self.exit is None) is not self.runs:
            raise ValueError(f"{self.case}: either exit or runs")

    @property
    def texts(self) -> list[str]:
        return [self.says] if isinstance(self.says, str) else self.says

    def holds_for(self, binary: Binary) -> bool:
        return number_of(self.since) <= binary.number <= number_of(self.until)

    def apply(self, node: NodeFiles) -> None:
        """Change the files of a node that would start."""
        _change(node.config, self.config, node)
        _change(node.genesis, self.genesis, node)
        node.write_config()
        for name, text in self.files.items():
            path = node.directory / name
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(_filled(text, node))
        for name, text in self.append.items():
            path = node.directory / name
            path.write_text(path.read_text() + _filled(text, node))
        for name, text in self.prepend.items():
            path = node.directory / name
            path.write_text(_filled(text, node) + path.read_text())
        for name, (old, new) in self.replace.items():
            path = node.directory / name
            content, wanted = path.read_bytes(), _filled(old, node).encode()
            assert wanted in content, f"{old!r} is not in {name}"
            path.write_bytes(content.replace(wanted, _filled(new, node).encode()))


def load(name: str) -> list[Case]:
    """The cases of `cases/<name>.yaml`."""
    entries = yaml.safe_load((_DIRECTORY / f"{name}.yaml").read_text())
    cases = [Case(**entry) for entry in entries]
    names = [case.case for case in cases]
    assert len(set(names)) == len(names), f"a name twice in {name}.yaml"
    return cases


def _change(sections: Sections, changes: dict[str, Any], node: NodeFiles) -> None:
    for path, value in changes.items():
        section, _, key = path.partition(".")
        keys = sections.setdefault(section, {})
        if value is None:
            del keys[key]
        else:
            keys[key] = _filled(str(value), node)


def _filled(text: str, node: NodeFiles) -> str:
    for name in ("node_id", "p2p_port", "rpc_port"):
        text = text.replace(f"<{name}>", str(getattr(node, name)))
    return text
