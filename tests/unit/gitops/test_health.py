"""What Argo CD, Flux and kstatus make of a chain is what we mean by its conditions.

The statuses are those that the operator writes, on a cluster in memory; the judges are the
libraries that these tools run.
"""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import yaml

from consortium_operator.kube.kinds import SECRET
from tests.fakes.operator import Stage
from tests.health_judges import Verdict, judged
from tests.resources import CRD_FILE

Body = dict[str, Any]


async def fresh(stage: Stage) -> Body:
    """As the API server hands it out before the operator has looked."""
    body = Stage()
    body.create()
    schema = yaml.safe_load(CRD_FILE.read_text("utf-8"))["spec"]["versions"][0]["schema"]
    status = schema["openAPIV3Schema"]["properties"]["status"]["default"]
    return body.body() | {"status": status}


async def founding(stage: Stage) -> Body:
    young = Stage()
    young.create()
    await young.round()
    return young.body()


async def ready(stage: Stage) -> Body:
    return stage.body()


async def edited_and_not_looked_at(stage: Stage) -> Body:
    stage.edit(rollout={"strategy": "Manual"})
    return stage.body()


async def one_node_down(stage: Stage) -> Body:
    stage.nodes.silent.add("trade-webank-node-0")
    await stage.settle()
    return stage.body()


async def no_quorum(stage: Stage) -> Body:
    stage.nodes.silent |= {"trade-webank-node-0", "trade-tencent-node-0"}
    await stage.settle()
    return stage.body()


async def a_key_is_lost(stage: Stage) -> Body:
    stage.cluster.delete_by_hand(SECRET, "trade-webank-node-0-identity")
    stage.start()
    await stage.settle()
    return stage.body()


async def refused(stage: Stage) -> Body:
    stage.edit(chainId="another")
    await stage.settle()
    return stage.body()


async def paused(stage: Stage) -> Body:
    stage.edit(paused=True)
    await stage.settle()
    return stage.body()


async def paused_with_a_node_down(stage: Stage) -> Body:
    stage.nodes.silent.add("trade-webank-node-0")
    return await paused(stage)


async def going_to_sleep(stage: Stage) -> Body:
    stage.edit(hibernated=True)
    await stage.round()
    return stage.body()


async def hibernated(stage: Stage) -> Body:
    stage.edit(hibernated=True)
    await stage.settle()
    return stage.body()


async def deleting(stage: Stage) -> Body:
    """Held by a foreground deletion."""
    body = stage.body()
    body["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    return body


Sample = Callable[[Stage], Awaitable[Body]]
# Argo CD: Healthy, Progressing, Degraded, Suspended. kstatus and Flux: Current, InProgress, Failed.
# Hibernation is reached and nobody can use the chain: kstatus has no word for that, so the
# expressions that we ship for Flux say it. No quorum is nothing that kstatus could tell either.
MEANT: dict[Sample, tuple[str, str, str]] = {
    fresh: ("Progressing", "InProgress", "InProgress"),
    founding: ("Progressing", "InProgress", "InProgress"),
    ready: ("Healthy", "Current", "Current"),
    edited_and_not_looked_at: ("Progressing", "InProgress", "InProgress"),
    one_node_down: ("Progressing", "InProgress", "InProgress"),
    no_quorum: ("Degraded", "InProgress", "InProgress"),
    a_key_is_lost: ("Degraded", "Failed", "Failed"),
    refused: ("Degraded", "Failed", "Failed"),
    paused: ("Suspended", "Current", "Current"),
    paused_with_a_node_down: ("Suspended", "InProgress", "InProgress"),
    going_to_sleep: ("Progressing", "InProgress", "InProgress"),
    hibernated: ("Suspended", "InProgress", "Current"),
    deleting: ("Progressing", "Terminating", "InProgress"),
}


@pytest.fixture(scope="module")
def samples() -> dict[Sample, Body]:
    async def take() -> dict[Sample, Body]:
        stage = Stage()
        stage.create()
        await stage.settle()
        return {sample: copy.deepcopy(await sample(stage.copy())) for sample in MEANT}

    return asyncio.run(take())


@pytest.fixture(scope="module")
def verdicts(samples: dict[Sample, Body]) -> dict[Sample, Verdict]:
    return dict(zip(samples, judged(list(samples.values())), strict=True))


@pytest.mark.parametrize("sample", MEANT, ids=lambda sample: sample.__name__)
def test_every_tool_sees_what_is_meant(sample: Sample, verdicts: dict[Sample, Verdict]) -> None:
    found = verdicts[sample]
    assert (found.argo, found.kstatus, found.flux) == MEANT[sample], found.message


@pytest.mark.parametrize("sample", MEANT, ids=lambda sample: sample.__name__)
def test_argo_shows_the_sentence_of_the_conditions(
    sample: Sample, samples: dict[Sample, Body], verdicts: dict[Sample, Verdict]
) -> None:
    message = verdicts[sample].message
    assert message
    if sample in (fresh, edited_and_not_looked_at, deleting):
        return
    conditions = samples[sample]["status"]["conditions"]
    (told,) = (one["message"] for one in conditions if one["type"] == "Ready")
    assert message.endswith(told)
