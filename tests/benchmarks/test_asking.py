"""What a round costs the nodes of a chain that is well: questions and connections.

`make benchmarks` prints the table. How many questions a full look and a glance are is counted on
the operator's own client; how many of each a round takes, on the operator's own rounds. Nothing is
timed, so the numbers are the same on every machine.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from consortium_operator.api.conditions import ConditionType
from tests import chains, observed
from tests.fakes.chain import Asked
from tests.fakes.operator import KEY, Stage
from tests.unit.engines.fisco_bcos.node.scripted_node import (
    HEALTHY,
    ScriptedNode,
    asking,
    client,
    result,
    running,
)

HEIGHT = 105
ROUNDS = 10


@dataclass(frozen=True)
class Cost:
    """Of one round. A node is asked over one connection, however much."""

    questions: float
    connections: float


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Shown at the end, whether output is captured or not."""
    lines = [f"{'nodes':>6} {'blocks':>8} {'all asked':>10} {'quiet':>8} {'ratio':>6}"]
    yield lines
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    assert reporter is not None
    reporter.ensure_newline()
    for line in lines:
        reporter.write_line(line)


async def questions(directory: Path, heights: set[int] | None) -> dict[Asked, int]:
    """How many one node is asked. `heights`: those that a witness is asked about."""
    sync = json.loads(observed.result("getSyncStatus")) | {"blockNumber": HEIGHT}
    script = {
        **HEALTHY,
        "getSyncStatus": result(json.dumps(sync)),
        "getBlockHashByNumber": result("0xab"),
    }

    async def count(node: ScriptedNode, asked: Asked) -> int:
        node.asked.clear()
        if asked is Asked.EVERYTHING:
            await asking().view(node.endpoint, client(), heights)
        else:
            await asking().glance(node.endpoint, client())
        return len(node.asked)

    async with running(directory, script, plain=True) as node:
        return {asked: await count(node, asked) for asked in Asked}


async def founded(count: int) -> Stage:
    """`count` sealers, evenly of at most fourteen organisations."""
    stage, members = Stage(), min(count, 14)
    stage.create(
        *(
            chains.member(f"m{number:02}", chains.node("n", count=count // members))
            for number in range(members)
        )
    )
    await stage.settle(rounds=80)
    stage.nodes.heights["trade"] = HEIGHT
    await stage.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"
    return stage


async def asked_in(stage: Stage, *, quietly: bool) -> Counter[Asked]:
    """Nodes asked in ROUNDS rounds. Without what it remembers, each round looks at everything."""
    asked: Counter[Asked] = Counter()
    for _ in range(ROUNDS):
        if not quietly:
            stage.reconciler._memories[KEY].calm = None
        await stage.round()
        asked.update(stage.nodes.asked.values())
    return asked


def cost(asked: Counter[Asked], each: dict[Asked, int]) -> Cost:
    return Cost(
        sum(times * each[much] for much, times in asked.items()) / ROUNDS,
        asked.total() / ROUNDS,
    )


@pytest.mark.parametrize("count", [4, 14, 56])
async def test_a_quiet_round_asks_a_fraction_of_the_questions(
    tmp_path: Path, table: list[str], count: int
) -> None:
    stage = await founded(count)
    full, quiet = await asked_in(stage, quietly=False), await asked_in(stage, quietly=True)
    before = cost(full, await questions(tmp_path, None))
    # Of a chain that makes blocks, nodes are seen at three heights.
    for blocks, heights in (("none", {HEIGHT}), ("busy", {HEIGHT, HEIGHT - 1, HEIGHT - 2})):
        now = cost(quiet, await questions(tmp_path, heights))
        ratio = now.questions / before.questions
        table.append(
            f"{count:>6} {blocks:>8} {before.questions:>10.0f} {now.questions:>8.0f} {ratio:>6.2f}"
        )
        assert now.connections == before.connections == count
        assert ratio < (0.7 if count == 4 else 0.4)
