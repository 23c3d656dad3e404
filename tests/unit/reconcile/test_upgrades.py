"""Another version of the node: only one that can run the chain, node by node, and not further than
the first one that turns out to be of another."""

from collections.abc import AsyncIterator

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.naming import CONFIRM_BACKUP_ANNOTATION
from consortium_operator.engines.fisco_bcos import ini
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    CONSORTIUM_CHAIN,
    POD,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    STATEFUL_SET,
    JsonObject,
    ObjectKey,
)
from tests import chains
from tests.fakes.cluster import FakeCluster
from tests.fakes.operator import Stage
from tests.unit.reconcile.conftest import check

UP_TO_DATE, READY = ConditionType.UP_TO_DATE, ConditionType.READY
OLD, NEW = "3.15.2", "3.16.4"
IMAGES = chains.SETTINGS.image_catalogue
CHAIN = str(ObjectKey(CONSORTIUM_CHAIN, "chains", "trade"))
FOUNDED: dict[str, Stage] = {}


async def founded_with(version: str) -> Stage:
    """A chain that runs, founded with this version."""
    if version not in FOUNDED:
        stage = FOUNDED[version] = Stage()
        stage.create(version=version)
        await stage.settle()
        assert stage.told(READY) == "True/AsExpected"
    return FOUNDED[version].copy()


@pytest.fixture
async def old() -> AsyncIterator[Stage]:
    """A chain that was founded with the older version."""
    stage = await founded_with(OLD)
    yield stage
    check(stage)


def images(cluster: FakeCluster) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in cluster.all(POD)]


def settings_of(cluster: FakeCluster, node: str) -> dict[str, dict[str, str]]:
    """config.ini as the node's pod mounts it."""
    pod = cluster.find(POD, f"{node}-0")
    assert pod is not None
    names = [
        source["configMap"]["name"]
        for volume in pod["spec"]["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
        if "configMap" in source
    ]
    texts = [
        found["data"]["config.ini"]
        for name in names
        if "config.ini" in (found := cluster.find(CONFIG_MAP, name) or {}).get("data", {})
    ]
    return ini.parse(texts[0])


async def until_the_first_is_back(stage: Stage) -> None:
    while not stage.cluster.evictions:
        await stage.round()
    await stage.round()


async def test_a_newer_version_reaches_the_nodes_one_at_a_time(old: Stage) -> None:
    old.edit(version=NEW)
    for _ in range(40):
        await old.round()
        assert len(old.cluster.all(POD)) >= 3
        assert old.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    assert len(old.cluster.evictions) == 4
    assert images(old.cluster) == [IMAGES[NEW]] * 4
    assert old.told(READY) == "True/AsExpected"


async def test_config_keys_are_of_the_new_version_and_sealed_settings_of_the_founding(
    old: Stage,
) -> None:
    """build_chain.sh writes another page size since; with it, the ledger would be spoiled."""
    node = "trade-webank-node-0"
    before = settings_of(old.cluster, node)
    assert before["storage"]["key_page_size"] == "10240"
    old.edit(version=NEW)
    await old.settle(rounds=80)
    after = settings_of(old.cluster, node)
    assert after["storage"] == before["storage"]
    assert after != before
    founded = await founded_with(NEW)
    assert settings_of(founded.cluster, node)["storage"]["key_page_size"] == "0"
    assert after.keys() == settings_of(founded.cluster, node).keys()


async def test_a_chain_of_one_version_is_not_asked_for_its_settings(running: Stage) -> None:
    await running.settle()
    assert running.nodes.settings_asked == []


async def test_the_chain_is_asked_before_and_between(old: Stage) -> None:
    old.edit(version=NEW)
    await old.round()
    assert old.nodes.settings_asked == ["compatibility_version"]


async def test_an_operator_that_is_restarted_in_the_middle_goes_on(old: Stage) -> None:
    old.edit(version=NEW)
    for _ in range(40):
        old.start()
        await old.round()
        assert len(old.cluster.all(POD)) >= 3
        if old.told(UP_TO_DATE) == "True/AsExpected":
            break
    assert sorted(old.cluster.evictions) == sorted({*old.cluster.evictions})
    assert images(old.cluster) == [IMAGES[NEW]] * 4


# What the chain needs.


async def test_a_downgrade_below_the_chain_is_refused_and_the_chain_goes_on(
    running: Stage,
) -> None:
    before = running.cluster.versions()
    running.edit(version=OLD)
    for _ in range(10):
        await running.round()
    assert running.told(UP_TO_DATE) == "False/DowngradeRefused"
    assert running.condition(UP_TO_DATE)["message"] == (
        "spec.version: 3.15.2 cannot run this chain, whose compatibility version is 3.16.4, "
        "because it knows only up to 3.15.2; the nodes stay as they are: set spec.version back to "
        "3.16.4"
    )
    assert running.told(READY) == "False/DowngradeRefused"
    assert running.told(ConditionType.STALLED).startswith("True/")
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    after = running.cluster.versions()
    assert [name for name in after if after[name] != before.get(name)] == [CHAIN]
    running.edit(version=NEW)
    await running.settle()
    assert running.told(READY) == "True/AsExpected"
    assert running.cluster.evictions == []


async def test_beside_a_refused_version_the_chain_is_still_looked_after(running: Stage) -> None:
    running.edit(version=OLD)
    await running.settle()
    addresses = running.addresses()
    running.cluster.delete_by_hand(SERVICE, "trade-webank-node-0")
    budgets = running.cluster.all(POD_DISRUPTION_BUDGET)
    running.nodes.silent = {"trade-webank-node-0"}
    await running.settle()
    assert running.addresses() == addresses
    assert running.cluster.all(POD_DISRUPTION_BUDGET) != budgets
    assert running.cluster.evictions == []


async def test_what_others_change_is_not_undone_by_a_version_that_is_refused(
    running: Stage,
) -> None:
    running.edit(version=OLD)
    await running.settle()

    def meddle(found: JsonObject) -> None:
        found["spec"]["template"]["metadata"]["annotations"] = {"somebody": "was here"}

    running.cluster.edit(STATEFUL_SET, "trade-webank-node-0", meddle)
    await running.settle()
    found = running.cluster.find(STATEFUL_SET, "trade-webank-node-0")
    assert found is not None
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGES[NEW]
    running.edit(version=NEW)
    await running.settle()
    assert running.told(READY) == "True/AsExpected"


async def test_a_chain_that_was_raised_since_the_upgrade_does_not_go_back(old: Stage) -> None:
    old.edit(version=NEW)
    await old.settle(rounds=80)
    old.nodes.settings_made["trade"] = {"compatibility_version": NEW}
    evicted = len(old.cluster.evictions)
    old.edit(version=OLD)
    await old.settle()
    assert old.told(UP_TO_DATE) == "False/DowngradeRefused"
    assert len(old.cluster.evictions) == evicted


async def test_before_the_chain_is_raised_an_upgrade_may_be_taken_back(old: Stage) -> None:
    old.nodes.settings_made["trade"] = {"compatibility_version": OLD}
    old.edit(version=NEW)
    await old.settle(rounds=80)
    old.edit(version=OLD)
    await old.settle(rounds=80)
    assert images(old.cluster) == [IMAGES[OLD]] * 4
    assert old.told(READY) == "True/AsExpected"


async def test_a_flag_that_was_switched_on_since_is_asked_for_and_counts() -> None:
    """3.8.0 is newer than 3.7.3, and does not know all of its flags."""
    stage = await founded_with("3.7.3")
    flag = "bugfix_staticcall_noaddr_return"
    stage.nodes.settings_made["trade"] = {"compatibility_version": "3.7.3", flag: "1"}
    stage.edit(version="3.8.0")
    await stage.settle()
    assert flag in stage.nodes.settings_asked
    assert stage.told(UP_TO_DATE) == "False/DowngradeRefused"
    assert f"switched on {flag}" in stage.condition(UP_TO_DATE)["message"]
    assert stage.cluster.evictions == []
    stage.edit(version=NEW)
    await stage.settle(rounds=80)
    assert images(stage.cluster) == [IMAGES[NEW]] * 4
    check(stage)


async def test_a_chain_that_is_ahead_of_its_nodes_is_not_upgraded(old: Stage) -> None:
    old.nodes.settings_made["trade"] = {"compatibility_version": "3.16.0"}
    old.edit(version=NEW)
    await old.settle()
    assert old.told(UP_TO_DATE) == "False/RolloutStuck"
    assert "none of its nodes knows" in old.condition(UP_TO_DATE)["message"]
    assert old.cluster.evictions == []


async def test_a_chain_that_does_not_tell_its_settings_waits(old: Stage) -> None:
    old.nodes.refuses_settings = True
    old.edit(version=NEW)
    await old.settle()
    assert old.told(UP_TO_DATE) == "False/RollingOut"
    message = old.condition(UP_TO_DATE)["message"]
    assert message.startswith("version 3.16.4 waits until the chain has told its settings: trade-")
    assert old.cluster.evictions == []
    old.nodes.refuses_settings = False
    await old.settle(rounds=80)
    assert images(old.cluster) == [IMAGES[NEW]] * 4


async def test_where_no_node_answers_the_founding_decides(old: Stage) -> None:
    """The newer version may be what brings them back."""
    old.nodes.silent = {f"trade-{name}-node-0" for name in ("huawei", "ping-an", "tencent")}
    old.nodes.silent.add("trade-webank-node-0")
    old.edit(version="3.8.0")
    await old.settle()
    assert old.told(UP_TO_DATE) == "False/DowngradeRefused"
    old.edit(version=NEW)
    for _ in range(40):
        await old.round()
    assert images(old.cluster) == [IMAGES[NEW]] * 4


async def test_where_no_node_answers_what_the_operator_has_raised_counts(old: Stage) -> None:
    old.nodes.settings_made["trade"] = {"compatibility_version": OLD}
    old.edit(version=NEW, fiscoBcos={"onChain": {"compatibilityVersion": NEW}})
    old.annotate(CONFIRM_BACKUP_ANNOTATION, NEW)
    await old.settle(rounds=80)
    assert old.nodes.settings_made["trade"] == {"compatibility_version": NEW}
    old.nodes.silent = {pod["metadata"]["name"].removesuffix("-0") for pod in old.cluster.all(POD)}
    evicted = len(old.cluster.evictions)
    old.edit(version=OLD, fiscoBcos=None)
    old.start()
    await old.settle()
    assert old.told(UP_TO_DATE) == "False/DowngradeRefused"
    assert len(old.cluster.evictions) == evicted


async def test_an_unknown_version_is_refused_and_nothing_is_touched(old: Stage) -> None:
    old.cluster.forget_calls()
    old.edit(version="3.99.0")
    await old.settle()
    assert old.told(ConditionType.SPEC_VALID) == "False/UnknownVersion"
    assert {write.split()[0] for write in old.cluster.writes} == {"patch-status"}


# Images that are not what the spec says.


async def test_an_image_of_another_version_stops_after_the_first_node(old: Stage) -> None:
    wrong = "registry.example/fisco-bcos:v3.16.4"
    old.nodes.versions[wrong] = "3.16.3"
    repository, _, tag = wrong.rpartition(":")
    old.edit(version=NEW, image={"repository": repository, "tag": tag})
    await until_the_first_is_back(old)
    for _ in range(10):
        await old.round()
        assert old.told(UP_TO_DATE) == "False/RolloutStuck"
    assert old.condition(UP_TO_DATE)["message"] == (
        "node huawei/node-0 reports version 3.16.3, but spec.version is 3.16.4: its image "
        "registry.example/fisco-bcos:v3.16.4 is of another version. No other node is changed; set "
        "spec.version or the image right, or take the change in the spec back"
    )
    assert len(old.cluster.evictions) == 1
    old.start()
    await old.settle()
    assert len(old.cluster.evictions) == 1
    old.edit(version=OLD, image=None)
    await old.settle(rounds=80)
    assert images(old.cluster) == [IMAGES[OLD]] * 4
    assert old.told(READY) == "True/AsExpected"
    assert len(old.cluster.evictions) == 2


async def test_the_right_image_for_the_version_goes_on(old: Stage) -> None:
    wrong = "registry.example/fisco-bcos:v3.16.4"
    old.nodes.versions[wrong] = "3.16.3"
    repository, _, tag = wrong.rpartition(":")
    old.edit(version=NEW, image={"repository": repository, "tag": tag})
    await until_the_first_is_back(old)
    await old.settle()
    old.edit(image=None)
    await old.settle(rounds=80)
    assert images(old.cluster) == [IMAGES[NEW]] * 4
    assert old.told(READY) == "True/AsExpected"


async def test_a_chain_that_was_founded_on_the_wrong_image_says_so(stage: Stage) -> None:
    stage.nodes.versions[IMAGES[OLD]] = "3.16.3"
    stage.create(version=OLD)
    await stage.settle()
    assert stage.told(UP_TO_DATE) == "False/RolloutStuck"
    assert "reports version 3.16.3" in stage.condition(UP_TO_DATE)["message"]
    assert stage.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"


async def test_a_broken_image_in_the_middle_is_taken_back(old: Stage) -> None:
    """Two nodes have the new version, and the third cannot get it."""
    old.edit(version=NEW)
    while len(old.cluster.evictions) < 2:
        await old.round()
    await old.round()
    old.controllers.broken_images.add(IMAGES[NEW])
    for _ in range(20):
        await old.round()
    assert len(old.cluster.evictions) == 3
    assert old.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    assert old.told(ConditionType.NODES_READY) == "False/ImagePull"
    assert old.told(UP_TO_DATE) == "False/RolloutStuck"
    message = old.condition(UP_TO_DATE)["message"]
    assert "node tencent/node-0 does not come back" in message
    assert f"no {IMAGES[NEW]}" in message
    old.edit(version=OLD)
    await old.settle(rounds=80)
    assert images(old.cluster) == [IMAGES[OLD]] * 4
    assert old.told(READY) == "True/AsExpected"
    assert old.cluster.evictions[3] == "trade-tencent-node-0-0"
    assert len(old.cluster.evictions) == 6
