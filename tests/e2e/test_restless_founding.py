"""Pods that end before the first block: their chain is one chain all the same.

A node that starts a second time at height 0 has another genesis hash than the others, who refuse it
for ever: it needs a new volume, and gets one.
"""

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.conftest import namespace_for, quickstart_in
from tests.e2e.support.aftermath import Aftermath
from tests.e2e.support.chain import Body, Chain, is_ready
from tests.e2e.support.host import tell
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import an_account
from tests.kubectl import Kubectl

POD = "quickstart-webank-shenzhen-0-0"
Moment = Callable[[Body], bool]


def exists(pod: Body) -> bool:
    return bool(pod)


def is_placed(pod: Body) -> bool:
    return "nodeName" in pod["spec"]


def has_started(pod: Body) -> bool:
    statuses = pod["status"].get("containerStatuses", [])
    return any("running" in one["state"] for one in statuses)


MOMENTS: list[Moment] = [exists, is_placed, has_started, is_ready]


@dataclass(frozen=True)
class Nursery:
    """Where new chains come from."""

    kubectl: Kubectl
    aftermath: Aftermath


@pytest.fixture(scope="module")
def nursery(kubectl: Kubectl, aftermath: Aftermath) -> Nursery:
    return Nursery(kubectl, aftermath)


@pytest.fixture
def newborn(nursery: Nursery) -> Iterator[Chain]:
    """A chain that was just applied."""
    with namespace_for(nursery.kubectl, nursery.aftermath, "newborn") as namespace:
        chain = Chain(nursery.kubectl, quickstart_in(namespace))
        chain.apply()
        yield chain


def at(chain: Chain, moment: Moment, name: str = POD) -> Body:
    """The pod, as soon as this is true of it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pod = next((one for one in chain.pods() if one["metadata"]["name"] == name), None)
        if pod is not None and moment(pod):
            return pod
        time.sleep(0.05)
    raise AssertionError(f"{name}: never {moment.__name__}\n{chain.report()}")


def agree(chain: Chain) -> None:
    """All members tell one history, from block 0 on, and make the next block together."""
    with member_clients(chain) as clients:
        height = clients["webank"].send(an_account())
        hashes = {name: sdk.hashes(height - 1) for name, sdk in clients.items()}
    for one, other in itertools.pairwise(hashes.values()):
        assert one == other


@pytest.mark.campaign
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
def test_a_pod_that_is_deleted_before_the_first_block(newborn: Chain, moment: Moment) -> None:
    pod = at(newborn, moment)
    newborn.kubectl("delete", "pod", POD, newborn.here, "--grace-period=0", "--force")
    assert pod["metadata"]["uid"] != at(newborn, exists)["metadata"]["uid"] or moment is exists
    newborn.wait_ready(150)
    agree(newborn)


@pytest.mark.campaign
@pytest.mark.parametrize("moment", MOMENTS[2:], ids=lambda moment: moment.__name__)
def test_containers_of_all_nodes_that_die_before_the_first_block(
    newborn: Chain, moment: Moment
) -> None:
    """The quorum of those that hold no block: each of them gets a new volume."""
    names = sorted({f"{name}-0" for name in _nodes(newborn)})
    for name in names:
        try:
            tell(at(newborn, moment, name), signal.SIGKILL)
        except ProcessLookupError:
            continue  # it has not come so far, or is on its way back
    newborn.wait_ready(240)
    agree(newborn)


def _nodes(chain: Chain) -> Iterator[str]:
    for member in chain.manifest["spec"]["members"]:
        for node in member["nodes"]:
            yield f"{chain.name}-{member['name']}-{node['name']}-0"
