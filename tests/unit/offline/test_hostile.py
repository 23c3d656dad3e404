"""Whatever a file says, it is refused in lines that name it, or rendered and read back exactly."""

from pathlib import Path

import pytest
import yaml

from consortium_operator.chain.standalone import Host
from consortium_operator.cli.printing import shown
from consortium_operator.engines.registry import ENGINES
from consortium_operator.offline.documents import read_documents
from consortium_operator.offline.run import Order, Standalone, carry_out
from consortium_operator.offline.validation import Found, validate
from tests import chains
from tests.unit.engines.fisco_bcos.hostile import hostile
from tests.unit.offline.conftest import Desk

SLICE, CAMPAIGN = 150, 10_000
# To render one and read it back takes a second; the engine's own campaign renders every one.
RENDERED_EVERY = 50
# A large chain costs a key for each node, and says no more.
MOST_NODES = 6


def survivor(seed: int) -> Found | None:
    text = yaml.safe_dump(hostile(seed).body, allow_unicode=True)
    found = validate(text.encode("utf-8", "surrogatepass"), ENGINES)
    for one in found.complaints:
        assert one.message == shown(one.message)
        assert one.path == shown(one.path)
        assert one.line >= 0
    return found.chains[0] if found.is_valid else None


def render(found: Found, desk: Desk, seed: int) -> None:
    nodes = sum(group.count for member in found.chain.spec.members for group in member.nodes)
    if nodes > MOST_NODES:
        return
    order = Order(
        found.chain,
        chains.SETTINGS,
        desk.root / str(seed),
        standalone=Standalone((Host("a.example"),), 30300, 20200),
    )
    carry_out(order, desk.surroundings())
    for path in (desk.root / str(seed)).rglob("*.yaml"):
        check_object(path)


def check_object(path: Path) -> None:
    reading = read_documents(path.read_bytes())
    assert reading.faults == ()
    assert [one.value for one in reading.documents] == [yaml.safe_load(path.read_bytes())]


def test_hostile_files_are_refused_or_rendered_exactly(desk: Desk) -> None:
    survivors = [(seed, found) for seed in range(SLICE) if (found := survivor(seed)) is not None]
    assert survivors
    for seed, found in survivors[:3]:
        render(found, desk, seed)


@pytest.mark.campaign
def test_ten_thousand_hostile_files_are_refused_or_rendered_exactly(desk: Desk) -> None:
    for seed in range(CAMPAIGN):
        found = survivor(seed)
        if found is not None and seed % RENDERED_EVERY == 0:
            render(found, desk, seed)
