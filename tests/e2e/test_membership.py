"""Members join and leave a running chain, while an application sends transactions all the time."""

import copy
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest

from tests.e2e.conftest import namespace_for, quickstart_in
from tests.e2e.support.aftermath import Aftermath
from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.governors import bring, committee
from tests.e2e.support.members import member_clients
from tests.e2e.support.operator_pod import operator_killed_meanwhile
from tests.e2e.support.pod_watch import PodWatch
from tests.e2e.support.sdk import Sdk, sdk_identity
from tests.e2e.support.traffic import Traffic
from tests.e2e.support.waiting import wait_until
from tests.kubectl import Kubectl

JOIN_SECONDS = 150
LEAVE_SECONDS = 240
LONGEST_PAUSE = 30
LATE = "quickstart-late-wuhan-0-0"


def member(name: str, city: str, **node: object) -> Body:
    return {"name": name, "nodes": [{"name": city, **node}]}


def with_members(chain: Chain, *more: Body) -> list[Body]:
    return [*copy.deepcopy(chain.manifest["spec"]["members"]), *more]


@contextmanager
def traffic_on(chain: Chain) -> Iterator[Traffic]:
    """By the founders' nodes. Never long without a block, and none made twice."""
    with ExitStack() as stack:
        clients = stack.enter_context(member_clients(chain))
        traffic = stack.enter_context(Traffic(list(clients.values())))
        stack.enter_context(operator_killed_meanwhile(chain.kubectl))
        yield traffic
        assert traffic.longest_pause() < LONGEST_PAUSE
        blocks = [one.block for one in traffic.mined]
        assert blocks == sorted(set(blocks)), "a block was made twice, or went away"


def uids(chain: Chain) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in chain.pods()}


def node_of(chain: Chain, name: str) -> Body:
    found: Body = next(
        node
        for one in chain.status()["members"]
        for node in one["nodes"]
        if f"{one['name']}/{node['name']}" == name
    )
    return found


@pytest.fixture
def new_chain(kubectl: Kubectl, aftermath: Aftermath) -> Iterator[Chain]:
    """Of its own: to let a member leave again takes minutes."""
    with namespace_for(kubectl, aftermath, "members") as namespace:
        chain = Chain(kubectl, quickstart_in(namespace))
        chain.apply()
        chain.wait_ready()
        yield chain


@pytest.fixture
def governed_chain(kubectl: Kubectl, aftermath: Aftermath) -> Iterator[Chain]:
    """Two of its three governors, which are a majority, lent the operator their keys."""
    with namespace_for(kubectl, aftermath, "committee") as namespace:
        manifest = quickstart_in(namespace)
        manifest["spec"]["fiscoBcos"] = committee(held=("first", "second"))
        chain = Chain(kubectl, manifest)
        for name in ("first", "second"):
            bring(chain, name)
        chain.apply()
        chain.wait("GovernanceHandedOver", "True", seconds=120)
        chain.wait_ready()
        yield chain


def let_a_fifth_join(chain: Chain) -> None:
    late = member("late", "wuhan")
    chain.apply(chain.with_spec(members=with_members(chain, late)))
    wait_until(lambda: LATE in uids(chain), "the newcomer's pod", chain.report)
    chain.wait("MembershipInSync", "True", seconds=JOIN_SECONDS)
    chain.wait_ready()


def test_a_fifth_organisation_joins_by_votes_and_nobody_restarts(governed_chain: Chain) -> None:
    before = uids(governed_chain)
    with traffic_on(governed_chain):
        let_a_fifth_join(governed_chain)
    assert governed_chain.status()["sealers"] == "5/5"
    after = uids(governed_chain)
    assert {name: after[name] for name in before} == before
    node_id = node_of(governed_chain, "late/wuhan-0")["nodeId"]
    with Sdk(governed_chain, LATE, sdk_identity(governed_chain, "late")) as sdk:
        assert sdk.sealers()[node_id] == 1
        hashes = sdk.hashes(5)
    with member_clients(governed_chain) as clients:
        assert clients["webank"].hashes(5) == hashes


@pytest.mark.campaign
@pytest.mark.timeout(600, func_only=True)
def test_an_organisation_leaves_and_its_keys_and_volume_stay(new_chain: Chain) -> None:
    let_a_fifth_join(new_chain)
    node_id = node_of(new_chain, "late/wuhan-0")["nodeId"]
    kept = {one["metadata"]["uid"] for one in new_chain.children("secrets,pvc")}
    with traffic_on(new_chain), PodWatch(new_chain) as watch:
        new_chain.apply()
        removed = partial(has_event, new_chain, "OrganisationRemoved")
        wait_until(removed, "the Event", new_chain.report, LEAVE_SECONDS)
        # A chain that is well votes it out between two looks at the conditions.
        assert has_event(new_chain, "Leaving")
        new_chain.wait_ready(LEAVE_SECONDS)
        assert len(watch.most_not_ready()) <= 2  # the one that left, and one that restarts
    assert new_chain.status()["sealers"] == "4/4"
    assert LATE not in uids(new_chain)
    assert kept == {one["metadata"]["uid"] for one in new_chain.children("secrets,pvc")}
    with member_clients(new_chain) as clients:
        assert node_id not in clients["webank"].sealers()


def has_event(chain: Chain, reason: str) -> bool:
    words = ("get", "events", chain.here, f"--field-selector=reason={reason}", "--output=name")
    return bool(chain.kubectl(*words).strip())


def test_the_fourth_of_four_is_not_voted_out(own_chain: Chain) -> None:
    own_chain.apply(own_chain.with_spec(members=own_chain.manifest["spec"]["members"][:3]))
    told = own_chain.wait("MembershipInSync", "False", "QuorumUnsafe")
    assert "3 sealers would be left of 4" in told["message"]
    assert own_chain.condition("QuorumHealthy")["status"] == "True"
    own_chain.apply()
    own_chain.wait_ready()


@pytest.mark.campaign
@pytest.mark.timeout(600, func_only=True)
def test_four_become_five_and_seven(new_chain: Chain) -> None:
    first = new_chain.manifest["spec"]["members"][0]
    with traffic_on(new_chain):
        for count in (2, 4):
            members = with_members(new_chain)
            members[0]["nodes"] = [{**first["nodes"][0], "count": count}]
            new_chain.apply(new_chain.with_spec(members=members))
            new_chain.wait("MembershipInSync", "True", seconds=240)
            new_chain.wait_ready()
            assert new_chain.status()["sealers"] == f"{3 + count}/{3 + count}"


@pytest.mark.campaign
def test_an_observer_follows_and_does_not_count(new_chain: Chain) -> None:
    auditor = member("auditor", "eye", role="Observer")
    with traffic_on(new_chain):
        new_chain.apply(new_chain.with_spec(members=with_members(new_chain, auditor)))
        new_chain.wait("MembershipInSync", "True", seconds=JOIN_SECONDS)
        new_chain.wait_ready()
        assert new_chain.status()["sealers"] == "4/4"
        assert node_of(new_chain, "auditor/eye-0")["role"] == "Observer"
        name = "quickstart-auditor-eye-0-0"
        with Sdk(new_chain, name, sdk_identity(new_chain, "auditor")) as sdk:
            height = sdk.height()
            wait_until(lambda: sdk.height() > height, "blocks at the observer", new_chain.report)
