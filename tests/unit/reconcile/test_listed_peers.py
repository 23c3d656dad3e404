"""Only listed peers: every node names all nodes, and a change reaches them one at a time."""

from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import CONFIG_MAP, POD, SECRET
from tests.fakes.operator import Stage

LISTED = {"peers": {"mode": "Listed"}}
NAMES = [f"trade-{member}-node-0" for member in ("huawei", "ping-an", "tencent", "webank")]


def _settings(stage: Stage) -> dict[str, str]:
    """config.ini of each pod, by node."""
    maps = {found["metadata"]["name"]: found for found in stage.cluster.all(CONFIG_MAP)}
    found = {}
    for pod in stage.cluster.all(POD):
        (config,) = _config_maps(pod, maps)
        found[pod["metadata"]["name"].removesuffix("-0")] = config["data"]["config.ini"]
    return found


def _config_maps(pod: dict[str, Any], maps: dict[str, Any]) -> list[dict[str, Any]]:
    text = str(pod["spec"]["volumes"])
    return [
        config
        for name, config in maps.items()
        if f"'{name}'" in text and "config.ini" in config["data"]
    ]


def _tls_ids(stage: Stage) -> set[str]:
    registers = {found["metadata"]["name"]: found for found in stage.cluster.all(CONFIG_MAP)}
    return {registers[f"{name}-identity"]["data"]["tls_id"] for name in NAMES}


async def test_a_chain_becomes_listed_node_by_node(running: Stage) -> None:
    before = _settings(running)
    assert not any("cal." in text for text in before.values())
    running.edit(fiscoBcos=LISTED)
    for _ in range(40):
        await running.round()
        assert 4 - len(running.cluster.all(POD)) <= 1
        assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    after = _settings(running)
    assert set(after) == set(NAMES)
    for text in after.values():
        assert all(f"={tls_id}\n" in text for tls_id in _tls_ids(running))
    assert sorted(running.cluster.evictions) == [f"{name}-0" for name in NAMES]
    assert running.told(ConditionType.READY) == "True/AsExpected"


@pytest.mark.campaign
async def test_a_listed_chain_stays_as_it_is_while_a_node_is_not_known(running: Stage) -> None:
    """With a list that lacks it, a restarted node would refuse it."""
    running.edit(fiscoBcos=LISTED)
    for _ in range(40):
        await running.round()
    before, evictions = _settings(running), list(running.cluster.evictions)
    running.cluster.delete_by_hand(CONFIG_MAP, f"{NAMES[0]}-identity")
    running.cluster.delete_by_hand(SECRET, f"{NAMES[0]}-identity")
    for _ in range(10):
        await running.round()
    assert _settings(running) == before
    assert running.cluster.evictions == evictions
