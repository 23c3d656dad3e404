"""Another version of the node on a running chain: node by node while blocks are made, and back
where the image is broken, or another than the spec says."""

import copy
import re
from collections.abc import Iterator
from configparser import ConfigParser
from typing import Any

import pytest

from tests.e2e.conftest import namespace_for, quickstart_in
from tests.e2e.support.aftermath import Aftermath
from tests.e2e.support.block_flow import blocks_go_on
from tests.e2e.support.chain import Body, Chain, label_of
from tests.e2e.support.members import member_clients
from tests.e2e.support.pod_watch import PodWatch
from tests.e2e.support.waiting import wait_until
from tests.kubectl import Kubectl

OLD, NEW = "3.15.2", "3.16.4"
ROLLOUT_SECONDS = 150


@pytest.fixture(scope="module")
def founded(kubectl: Kubectl, aftermath: Aftermath) -> Iterator[Chain]:
    """A chain of the older version."""
    with namespace_for(kubectl, aftermath, "upgrade") as namespace:
        manifest = quickstart_in(namespace)
        manifest["spec"]["version"] = OLD
        yield Chain(kubectl, manifest)


@pytest.fixture
def old_chain(founded: Chain) -> Chain:
    """As founded, whatever was done to it before."""
    founded.apply()
    founded.wait_ready(ROLLOUT_SECONDS)
    return founded


@pytest.fixture
def older(old_chain: Chain) -> dict[str, str]:
    """The image of the older version, as spec.image names one."""
    (reference,) = images(old_chain)
    repository, _, digest = reference.partition("@")
    return {"repository": repository, "digest": digest}


def upgraded(chain: Chain, image: dict[str, str] | None = None) -> Body:
    """With the newer version: of the catalogue, or of an image that is not what it should be."""
    changed = copy.deepcopy(chain.manifest)
    changed["spec"]["version"] = NEW
    return changed if image is None else changed | {"spec": changed["spec"] | {"image": image}}


def images(chain: Chain) -> set[str]:
    return {pod["spec"]["containers"][0]["image"] for pod in chain.pods()}


def replaced(watch: PodWatch) -> int:
    """How often a pod was replaced since the watch began."""
    return sum(len(uids) - 1 for uids in watch.pods_by_name().values())


def settings(chain: Chain) -> dict[str, ConfigParser]:
    """config.ini that each pod mounts, by pod."""
    found = {}
    for pod in chain.pods():
        (name,) = {name for name in projected(pod) if "-config-" in name}
        parser = found[pod["metadata"]["name"]] = ConfigParser()
        parser.read_string(chain.get("configmap", name)["data"]["config.ini"])
    return found


def key_page_sizes(chain: Chain) -> set[str]:
    return {one["storage"]["key_page_size"] for one in settings(chain).values()}


def projected(pod: Body) -> Iterator[str]:
    """Names of the ConfigMaps that it mounts."""
    for volume in pod["spec"]["volumes"]:
        sources: list[Any] = [volume, *volume.get("projected", {}).get("sources", [])]
        yield from (one["configMap"]["name"] for one in sources if "configMap" in one)


def ends(chain: Chain) -> list[str]:
    """When the certificate ends that each node runs with."""
    nodes = [node for member in chain.status()["members"] for node in member["nodes"]]
    return [node["certificateExpires"] for node in nodes]


def config_maps(chain: Chain) -> set[str]:
    """Those with settings, by name."""
    found = chain.children("configmaps")
    return {one["metadata"]["name"] for one in found if label_of(one, "part") == "config"}


def test_a_newer_version_comes_with_settings_and_certificates_by_one_restart_of_each_node(
    old_chain: Chain,
) -> None:
    """The ledger's settings stay as they were sealed; those that nobody uses any more go."""
    before, earlier, sealed = images(old_chain), ends(old_chain), key_page_sizes(old_chain)
    newer = upgraded(old_chain)
    newer["spec"]["fiscoBcos"] = {"config": {"txpool": {"limit": "20000"}}}
    # All that are there are due, and none of those that come.
    long = {"duration": "9000h", "clientDuration": "9000h", "renewBefore": "8800h"}
    newer["spec"]["certificates"] = long
    with blocks_go_on(old_chain) as watch:
        old_chain.apply(newer)
        old_chain.wait("UpToDate", "False", "RollingOut")
        old_chain.wait("UpToDate", "True", seconds=ROLLOUT_SECONDS)
        old_chain.wait_ready()
        assert [len(uids) for uids in watch.pods_by_name().values()] == [2, 2, 2, 2]
    assert len(images(old_chain)) == 1
    assert images(old_chain).isdisjoint(before)
    assert sealed == key_page_sizes(old_chain) == {"10240"}
    assert {one["txpool"]["limit"] for one in settings(old_chain).values()} == {"20000"}
    assert all(after > before for after, before in zip(ends(old_chain), earlier, strict=True))
    in_use = {name for pod in old_chain.pods() for name in projected(pod) if "-config-" in name}
    wait_until(lambda: config_maps(old_chain) == in_use, "old settings to go", old_chain.report)


@pytest.mark.campaign
def test_a_broken_image_in_the_middle_is_told_and_taken_back(
    old_chain: Chain, older: dict[str, str]
) -> None:
    before = images(old_chain)
    with blocks_go_on(old_chain) as watch:
        old_chain.apply(upgraded(old_chain))
        wait_until(lambda: replaced(watch) >= 2, "two upgraded nodes", old_chain.report, 120)
        broken = {"repository": older["repository"], "tag": "broken"}
        old_chain.apply(upgraded(old_chain, broken))
        stuck = old_chain.wait("UpToDate", "False", "RolloutStuck", seconds=120)
        assert "does not come back" in stuck["message"]
        assert "cannot get its image" in stuck["message"]
        assert old_chain.condition("NodesReady")["reason"] == "ImagePull"
        assert old_chain.condition("QuorumHealthy")["status"] == "True"
        old_chain.apply()
        old_chain.wait("UpToDate", "True", seconds=ROLLOUT_SECONDS)
        old_chain.wait_ready()
    assert images(old_chain) == before


@pytest.mark.campaign
def test_an_image_of_another_version_stops_after_one_node_and_is_taken_back(
    old_chain: Chain, older: dict[str, str]
) -> None:
    before = images(old_chain)
    with blocks_go_on(old_chain) as watch:
        old_chain.apply(upgraded(old_chain, older))
        stuck = old_chain.wait("UpToDate", "False", "RolloutStuck", seconds=90)
        assert f"reports version {OLD}, but spec.version is {NEW}" in stuck["message"]
        assert replaced(watch) == 1
        old_chain.apply()
        old_chain.wait("UpToDate", "True", seconds=ROLLOUT_SECONDS)
        old_chain.wait_ready()
        assert replaced(watch) == 2
    assert images(old_chain) == before


@pytest.mark.campaign
def test_a_version_that_cannot_run_the_chain_is_refused_and_the_chain_goes_on(
    own_chain: Chain, older: dict[str, str]
) -> None:
    """Founded with the newest, whose compatibility version no older one knows."""
    with blocks_go_on(own_chain) as watch:
        own_chain.apply(own_chain.with_spec(version=OLD, image=older))
        refused = own_chain.wait("UpToDate", "False", "DowngradeRefused")
        assert f"{OLD} cannot run this chain" in refused["message"]
        assert own_chain.condition("Stalled")["status"] == "True"
        assert own_chain.condition("QuorumHealthy")["status"] == "True"
        own_chain.apply()
        own_chain.wait_ready()
        assert replaced(watch) == 0


def version_of(chain: Chain) -> str:
    """The chain's own, which is how it behaves."""
    with member_clients(chain) as clients:
        return clients["webank"].setting("compatibility_version")


@pytest.mark.campaign
@pytest.mark.timeout(500, func_only=True)
def test_the_chain_follows_its_nodes_once_a_backup_is_confirmed(old_chain: Chain) -> None:
    """The last of this module: there is no way back."""
    old_chain.apply(upgraded(old_chain))
    old_chain.wait("UpToDate", "True", seconds=ROLLOUT_SECONDS)
    old_chain.wait_ready()
    raised = upgraded(old_chain)
    raised["spec"]["fiscoBcos"] = {"onChain": {"compatibilityVersion": NEW}}
    with blocks_go_on(old_chain) as watch:
        old_chain.apply(raised)
        waits = old_chain.wait("UpToDate", "False", "AwaitingApproval")
        assert version_of(old_chain) == OLD
        command = re.search(r"kubectl (annotate [^`'\"]*?confirm-backup=[\d.]+)", waits["message"])
        assert command is not None, waits["message"]
        old_chain.kubectl(*command[1].split())
        old_chain.wait("UpToDate", "True")
        old_chain.wait_ready()
        assert replaced(watch) == 0
    assert version_of(old_chain) == NEW
    old_chain.apply()
    assert NEW in old_chain.wait("UpToDate", "False", "DowngradeRefused")["message"]
