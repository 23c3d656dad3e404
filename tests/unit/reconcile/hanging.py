"""How tests let nodes hang, and time go by."""

from datetime import timedelta

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.chain.view import Silence
from consortium_operator.kube.kinds import CONFIG_MAP, POD
from tests.fakes.operator import Stage

NODES, READY = ConditionType.NODES_READY, ConditionType.READY
WEBANK, HUAWEI = "trade-webank-node-0", "trade-huawei-node-0"
SILENT = {"problem": "accepts no connection within 3 s", "silence": Silence.UNREACHABLE}
JOURNAL = "trade-journal"
ROUND = timedelta(seconds=12)
"""Between two looks; a fake round itself takes 2 s more."""


def uid_of(stage: Stage, node: str) -> str:
    pod = stage.cluster.find(POD, f"{node}-0")
    assert pod is not None
    uid: str = pod["metadata"]["uid"]
    return uid


def hang(stage: Stage, *nodes: str) -> None:
    stage.nodes.hung |= {uid_of(stage, node) for node in nodes}


async def look_for(stage: Stage, time: timedelta) -> None:
    """Looks at the chain every few seconds until that much time has gone by."""
    end = stage.clock.now + time
    while stage.clock.now < end:
        await stage.round()
        stage.clock.now = min(stage.clock.now + ROUND, end)


def entry_of(stage: Stage, node: str = WEBANK) -> JournalEntry:
    found = stage.cluster.find(CONFIG_MAP, JOURNAL)
    assert found is not None
    return Journal.from_data(found["data"]).of(node)
