"""Our files held against what build_chain.sh writes: a difference is in docs/engine-fisco-bcos.md,
with its reason, or it is a fault."""

import re
from dataclasses import dataclass
from functools import cache

import pytest

from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.chain.files import Port
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.standalone import parse_host, place_nodes
from consortium_operator.engines.fisco_bcos import ini
from consortium_operator.engines.fisco_bcos.config_keys import CONFIG_KEYS
from consortium_operator.engines.fisco_bcos.key_table import Key
from consortium_operator.engines.fisco_bcos.version_number import OLDEST
from tests.documents import Document
from tests.resources import REPOSITORY
from tests.unit.engines.fisco_bcos import node_facts, rendered
from tests.unit.engines.fisco_bcos.node_facts import CONFIG_GENESIS, CONFIG_INI, SM, STANDARD

DOCUMENT = Document(REPOSITORY / "docs" / "engine-fisco-bcos.md")
ABSENT = "–"
CASES = [(world, tag) for world in (STANDARD, SM) for tag in node_facts.TAGS]
FILES = (CONFIG_INI, CONFIG_GENESIS)
IN_PODS, STANDALONE = True, False


@dataclass(frozen=True)
class Difference:
    """A row of the document. A value that is not in backquotes is a description."""

    key: str
    build_chain: str
    ours: str
    where: str
    why: str

    def is_found_in(self, world: str, tag: str, in_pods: bool = IN_PODS) -> bool:
        """`where` is all, pods, SM, `from TAG`, or tags and spans of tags."""
        if self.where == "pods":
            return in_pods
        if self.where.startswith("SM") and world != SM:
            return False
        since = re.search(r"from (\S+)$", self.where)
        if since is not None:
            return node_facts.number(tag) >= node_facts.number(since[1])
        spans = re.findall(r"(\d[\d.]+)(?: to (\d[\d.]+))?", self.where)
        here = node_facts.number(tag)
        return not spans or any(
            node_facts.number(first) <= here <= node_facts.number(last or first)
            for first, last in spans
        )

    def values(self) -> tuple[str | None, str | None]:
        """As documented; None for what is only described."""
        return _value(self.build_chain), _value(self.ours)


def _value(cell: str) -> str | None:
    return cell.strip("`") if cell.startswith("`") else None


@cache
def documented(file: str) -> dict[str, Difference]:
    section = DOCUMENT.text.partition(f"### How {file} differs")[2].partition("\n##")[0]
    rows = re.findall(r"^\| `(.+)` \| (.+) \| (.+) \| (.+) \| (.+) \|$", section, re.MULTILINE)
    return {row[0]: Difference(*row) for row in rows}


@cache
def differences(
    file: str, world: str, tag: str, in_pods: bool = IN_PODS
) -> dict[str, tuple[str, str]]:
    """section.key → build_chain.sh's value and ours, for a chain with its own parameters: auth
    off, everything else by default."""
    plan = rendered.plan(version=tag, executor={"authCheck": False})
    cryptography = Cryptography.SM if world == SM else Cryptography.STANDARD
    plan = rendered.unchecked(plan, cryptography=cryptography)
    render = rendered.genesis_of
    if file == CONFIG_INI:
        render = rendered.config_of if in_pods else standalone_config
    ours, theirs = _flat(render(plan)), _flat(node_facts.build_chain(file, world, tag))
    found = {key: (theirs.get(key, ABSENT), ours.get(key, ABSENT)) for key in ours | theirs}
    return {key: both for key, both in found.items() if both[0] != both[1]}


def standalone_config(plan: Plan) -> dict[str, dict[str, str]]:
    """config.ini of the first node in a directory of build_chain.sh's layout."""
    ports = [Port("p2p", 30300), Port("rpc", 20200)]
    places = place_nodes(plan.nodes, [parse_host("127.0.0.1")], ports)
    files = rendered.ENGINE.for_chain(plan).standalone_files(
        plan, rendered.seal(plan), rendered.material(plan.nodes[0]), places
    )
    text = next(file.content for file in files if file.path == CONFIG_INI)
    assert text is not None
    return ini.parse(text)


def _flat(sections: dict[str, dict[str, str]]) -> dict[str, str]:
    """Without the nodes, which build_chain.sh makes anew each time."""
    return {
        f"{section}.{key}": value
        for section, keys in sections.items()
        for key, value in keys.items()
        if not key.startswith("node.")
    }


@pytest.mark.parametrize("in_pods", [IN_PODS, STANDALONE], ids=["pods", "standalone"])
@pytest.mark.parametrize(("world", "tag"), CASES)
@pytest.mark.parametrize("file", FILES)
def test_every_difference_has_its_reason_in_the_document(
    file: str, world: str, tag: str, in_pods: bool
) -> None:
    rows = documented(file)
    for key, found in differences(file, world, tag, in_pods).items():
        assert key in rows, f"{key}: no reason is documented"
        assert rows[key].is_found_in(world, tag, in_pods), key
        for documented_value, value in zip(rows[key].values(), found, strict=True):
            assert documented_value in (None, value), key


@pytest.mark.parametrize("in_pods", [IN_PODS, STANDALONE], ids=["pods", "standalone"])
@pytest.mark.parametrize("file", FILES)
def test_the_document_names_no_difference_that_is_none(file: str, in_pods: bool) -> None:
    for key, row in documented(file).items():
        assert len(row.why) > 20, key
        found = {case for case in CASES if key in differences(file, *case, in_pods)}
        assert found == {case for case in CASES if row.is_found_in(*case, in_pods)}, key


@pytest.mark.parametrize("file", FILES)
def test_the_sections_and_keys_stand_in_the_order_of_build_chain(file: str) -> None:
    for world, tag in CASES:
        theirs = node_facts.build_chain(file, world, tag)
        plan = rendered.plan(version=tag)
        render = rendered.config_of if file == CONFIG_INI else rendered.genesis_of
        ours = render(plan)
        assert list(ours) == [section for section, keys in theirs.items() if keys]


def _row(section: str, key: Key) -> str:
    complaint = key.kind.complaint("\0")
    value = "text" if complaint is None else complaint.removeprefix("must be ").partition(":")[0]
    since = "" if key.since == OLDEST else str(key.since)
    return f"| `{section}` | `{key.name}` | {value} | {since} |".replace("|  |", "| |")


def test_the_document_lists_every_key_that_an_overlay_may_set() -> None:
    table = DOCUMENT.text.partition("## The overlay")[2]
    listed = [line for line in table.splitlines() if line.startswith("| `")]
    assert listed == [
        _row(section.name, key)
        for section, key in CONFIG_KEYS
        if not section.withheld and not key.withheld
    ]
