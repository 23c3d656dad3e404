"""Edits of a running chain: some roll through its pods, some are refused, none stops it."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import namespace_for, quickstart_in
from tests.e2e.support.aftermath import Aftermath
from tests.e2e.support.block_flow import blocks_go_on
from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.waiting import wait_until
from tests.kubectl import Kubectl


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
