"""Edits of a running chain: some roll through its pods, some are refused, none stops it."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.conftest import Chains, namespace_for, quickstart_in
from tests.e2e.support.aftermath import Aftermath
from tests.e2e.support.block_flow import blocks_go_on
from tests.e2e.support.chain import Body, Chain, label_of
from tests.e2e.support.members import member_clients
from tests.e2e.support.pod_watch import PodWatch
from tests.e2e.support.traffic import Traffic
from tests.e2e.support.waiting import wait_until
from tests.kubectl import Kubectl

Edit = Callable[[Chain], dict[str, Any]]


def config_maps(chain: Chain) -> set[str]:
    """Those with settings, by name."""
    found = chain.children("configmaps")
    return {one["metadata"]["name"] for one in found if label_of(one, "part") == "config"}


def settings_in_use(chain: Chain) -> set[str]:
    return {
        source["configMap"]["name"]
        for pod in chain.pods()
        for volume in pod["spec"]["volumes"]
        for source in [volume, *volume.get("projected", {}).get("sources", [])]
        if "-config-" in source.get("configMap", {}).get("name", "")
    }


def exists(chain: Chain, kind: str, name: str) -> bool:
    return chain.kubectl.attempt("get", kind, name, chain.here).returncode == 0


def test_a_paused_chain_is_looked_at_and_not_touched(own_chain: Chain) -> None:
    service = ("service", "quickstart-webank-rpc")
    own_chain.apply(own_chain.with_spec(paused=True))
    own_chain.wait_ready()
    own_chain.kubectl("delete", *service, own_chain.here)
    # Another edit: once the status tells of it, the operator has passed the Service by.
    edited = own_chain.with_spec(paused=True, certificates={"renewBefore": "700h"})
    own_chain.apply(edited)
    own_chain.wait_ready()
    assert not exists(own_chain, *service)

    own_chain.apply()
    wait_until(lambda: exists(own_chain, *service), "the Service", own_chain.report)
    own_chain.wait_ready()


def ends(chain: Chain) -> list[str]:
    """When the certificate ends that each node runs with."""
    nodes = [node for member in chain.status()["members"] for node in member["nodes"]]
    return [node["certificateExpires"] for node in nodes]


def test_new_settings_and_certificates_roll_through_the_pods_while_blocks_are_made(
    own_chain: Chain, chains: Chains
) -> None:
    """One at a time, and each once: what is due at the same time comes with one restart."""
    chains.use_up()
    old, earlier = config_maps(own_chain), ends(own_chain)
    # All that are there are due, and none of those that come.
    long = {"duration": "9000h", "clientDuration": "9000h", "renewBefore": "8800h"}
    setting = {"config": {"txpool": {"limit": "20000"}}}
    assert settings_in_use(own_chain) == old
    with ExitStack() as stack:
        clients = stack.enter_context(member_clients(own_chain))
        watch = stack.enter_context(PodWatch(own_chain))
        wait_until(lambda: len(watch.pods_by_name()) == 4, "the watch", own_chain.report)
        traffic = stack.enter_context(Traffic(list(clients.values())))
        own_chain.apply(own_chain.with_spec(fiscoBcos=setting, certificates=long))
        own_chain.wait("UpToDate", "False", "RollingOut")
        own_chain.wait("UpToDate", "True", seconds=150)
        own_chain.wait_ready()
        longest = traffic.longest_pause()
        blocks = [one.block for one in traffic.mined]

    assert [len(uids) for uids in watch.pods_by_name().values()] == [2, 2, 2, 2]
    assert watch.most_not_ready() == 1
    assert len(blocks) > 8
    assert blocks == sorted(set(blocks))
    assert longest < 20, "a change of leader takes some seconds, a halt of the chain is longer"
    assert all(after > before for after, before in zip(ends(own_chain), earlier, strict=True))
    new = settings_in_use(own_chain)
    assert len(new) == 4
    assert new.isdisjoint(old)
    wait_until(lambda: config_maps(own_chain) == new, "old settings to go", own_chain.report)
    for name in new:
        assert "limit=20000" in own_chain.get("configmap", name)["data"]["config.ini"]


def weighted(*weights: int) -> Callable[[Body], None]:
    def change(manifest: Body) -> None:
        for member, weight in zip(manifest["spec"]["members"], weights, strict=True):
            member["nodes"][0]["weight"] = weight

    return change


def seven(manifest: Body) -> None:
    """Three members have a second sealer."""
    for member in manifest["spec"]["members"][:3]:
        member["nodes"][0]["count"] = 2


@pytest.mark.campaign
@pytest.mark.timeout(500, func_only=True)
@pytest.mark.parametrize("change", [weighted(2, 2, 2, 1), seven], ids=["weights-2221", "seven"])
def test_larger_chains_roll_without_a_pause(
    kubectl: Kubectl, aftermath: Aftermath, change: Callable[[Body], None]
) -> None:
    with namespace_for(kubectl, aftermath, "roll") as namespace:
        manifest = quickstart_in(namespace)
        change(manifest)
        chain = Chain(kubectl, manifest)
        chain.apply()
        chain.wait_ready(120)
        with blocks_go_on(chain) as watch:
            chain.apply(chain.with_spec(fiscoBcos={"config": {"txpool": {"limit": "20000"}}}))
            chain.wait("UpToDate", "False", "RollingOut")
            chain.wait("UpToDate", "True", seconds=300)
            chain.wait_ready()
            assert all(len(uids) == 2 for uids in watch.pods_by_name().values())
