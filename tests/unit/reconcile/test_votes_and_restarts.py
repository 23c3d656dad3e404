"""A vote changes the quorum, and a restart changes who is live: neither goes by an old look."""

from consortium_operator.chain.quorum import Quorum
from consortium_operator.kube.kinds import POD
from tests.fakes.operator import Stage
from tests.unit.reconcile.rebuilding import BACK_AND_FORTH, WEBANK, changes, node_id, say
from tests.unit.reconcile.test_membership import members, on_chain

SETTING = {"config": {"txpool": {"limit": "20000"}}}


async def act(stage: Stage, *silent: str) -> None:
    """A round, at whose end the sealers with a pod are a quorum. `silent`: no use to the chain."""
    stage.controllers.run()
    stage.hear()
    await stage.act()
    pods = [pod["metadata"]["name"].removesuffix("-0") for pod in stage.cluster.all(POD)]
    at_work = {node_id(stage, node) for node in pods if node not in silent}
    sealers, _ = on_chain(stage)
    live = sum(weight for one, weight in sealers.items() if one in at_work)
    assert Quorum(sum(sealers.values())).is_met_by(live)
    stage.clock.advance(seconds=2)


async def test_no_other_node_goes_in_the_round_that_makes_one_an_observer(running: Stage) -> None:
    """Of the three sealers that are left then, none may be missing."""
    say(running, f"{WEBANK}@2")
    running.edit(fiscoBcos=SETTING)
    for _ in range(3):
        await act(running)
    assert changes(running, WEBANK) == BACK_AND_FORTH[:1]


async def test_no_sealer_is_voted_out_in_the_round_that_restarts_another(stage: Stage) -> None:
    """Of seven that count six are live: five are enough, also of the six that will be left."""
    stage.create(*members(*"abcdefg"))
    await stage.settle()
    dead = "trade-g-node-0"
    stage.nodes.silent.add(dead)
    stage.edit(fiscoBcos=SETTING, members=members(*"abcdef"))
    stage.nodes.refusal = "later"
    await act(stage, dead)
    stage.nodes.refusal = None
    stage.edit(members=members(*"abcde"))
    while not stage.cluster.evictions:
        await act(stage, dead)
    for _ in range(3):
        await act(stage, dead)
    assert len(on_chain(stage)[0]) < 7
