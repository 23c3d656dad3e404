"""An edit of storage that is not built yet is refused with the field's name, never passed over."""

import pytest

from consortium_operator.api.conditions import ConditionType
from tests.fakes.operator import Stage


@pytest.mark.parametrize(
    ("storage", "said"),
    [
        ({"size": "30Gi"}, "size from 20Gi to 30Gi"),
        ({"size": "10Gi"}, "size from 20Gi to 10Gi"),
        ({"storageClassName": "fast"}, "storageClassName from none to fast"),
    ],
)
async def test_a_changed_volume_is_refused_and_the_chain_runs_on(
    running: Stage, storage: dict[str, str], said: str
) -> None:
    running.edit(nodeDefaults={"storage": storage})
    await running.settle()
    found = running.condition(ConditionType.SPEC_VALID)
    assert (found["status"], found["reason"]) == ("False", "NotSupportedYet")
    assert said in found["message"]
    assert running.condition(ConditionType.QUORUM_HEALTHY)["status"] == "True"
    assert set(running.cluster.writes) <= {"patch-status ConsortiumChain chains/trade"}


async def test_the_same_size_in_other_words_is_no_change(running: Stage) -> None:
    running.edit(nodeDefaults={"storage": {"size": "20480Mi"}})
    await running.settle()
    assert running.told(ConditionType.SPEC_VALID).startswith("True")
