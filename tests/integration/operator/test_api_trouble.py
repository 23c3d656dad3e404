"""An API server that is busy, broken or silent: the operator waits longer each time, and in the end
there is one chain, as if nothing had happened."""

import itertools
import time
from collections.abc import Iterator

import pytest

from consortium_operator.kube.kinds import CONFIG_MAP, SERVICE, STATEFUL_SET
from tests.api_server import Api
from tests.integration.operator.conftest import Namespaces, NewChain, violations_of
from tests.integration.operator.support.chain import Chain
from tests.integration.operator.support.difference import differences
from tests.integration.operator.support.normal_form import NormalForm, normal_form
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.proxy import (
    Act,
    Answer,
    Delay,
    EachWrite,
    Fate,
    FaultProxy,
    Seen,
)
from tests.integration.operator.support.waiting import wait_until

RETRY_AFTER = 2
NODE = "trade-webank-n-0"
TROUBLE: dict[str, tuple[Fate, ...]] = {
    "a conflict": (Answer(409, "Conflict"),),
    "an inner error": (Answer(500, "InternalError"),),
    "out of service": (Answer(503, "ServiceUnavailable"), Answer(504, "Timeout")),
    "a broken connection": (Act.CUT,),
    "a slow answer": (Delay(0.3),),
}


@pytest.fixture(scope="module")
def operator(proxied: OperatorProcess) -> OperatorProcess:
    proxied.start()
    return proxied


@pytest.fixture(autouse=True)
def well_again(proxy: FaultProxy) -> Iterator[None]:
    yield
    proxy.faults.clear()
    proxy.thaw_watches()


@pytest.fixture(scope="module")
def in_peace(api: Api, namespaces: Namespaces, operator: OperatorProcess) -> NormalForm:
    """How a founding ends where nothing goes wrong."""
    chain = Chain(api, namespaces.make(), operator.log)
    chain.found()
    wanted = normal_form(chain)
    chain.delete()
    return wanted


def wait_same(chain: Chain, wanted: NormalForm, seconds: float = 40) -> None:
    wait_until(
        lambda: normal_form(chain) == wanted,
        "the end that it has in peace",
        lambda: "\n".join([*differences(normal_form(chain), wanted), chain.report()]),
        seconds,
    )


@pytest.mark.campaign
def test_a_founding_in_trouble_ends_as_in_peace(
    new_chain: NewChain, proxy: FaultProxy, in_peace: NormalForm, api: Api
) -> None:
    """Every other write fails at first, each time in another way."""
    chain = new_chain()
    since = api.version(chain.namespace)
    troubles = [
        EachWrite(chain.namespace, *acts, every=2 * len(TROUBLE), first=2 * number)
        for number, acts in enumerate(TROUBLE.values())
    ]
    proxy.faults += troubles
    chain.create()
    wait_same(chain, in_peace)
    assert all(trouble.met >= 2 for trouble in troubles)
    assert violations_of(api, chain.namespace, since) == []


@pytest.mark.campaign
@pytest.mark.parametrize("what", TROUBLE)
def test_a_founding_in_one_kind_of_trouble_ends_as_in_peace(
    new_chain: NewChain, proxy: FaultProxy, in_peace: NormalForm, api: Api, what: str
) -> None:
    """Each third write fails at first."""
    chain = new_chain()
    since = api.version(chain.namespace)
    trouble = EachWrite(chain.namespace, *TROUBLE[what], every=3)
    proxy.faults.append(trouble)
    chain.create()
    wait_same(chain, in_peace)
    assert trouble.met >= 8
    assert violations_of(api, chain.namespace, since) == []


@pytest.mark.campaign
def test_a_server_that_asks_for_patience_gets_it(
    new_chain: NewChain, proxy: FaultProxy, in_peace: NormalForm
) -> None:
    chain = new_chain()
    busy = Answer(429, "TooManyRequests", retry_after=RETRY_AFTER)
    refused: list[Seen] = []

    def fault(seen: Seen) -> Answer | None:
        if seen.is_write and seen.namespace == chain.namespace and len(refused) < 3:
            refused.append(seen)
            return busy
        return None

    proxy.faults.append(fault)
    chain.create()
    wait_same(chain, in_peace)
    assert len(refused) == 3
    asked = [seen for seen in proxy.requests if seen.namespace == chain.namespace]
    for one in refused:
        later = next(seen for seen in asked if seen.at > one.at)
        assert later.at - one.at >= RETRY_AFTER, f"{later} {later.at - one.at:.2f} s after {one}"


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("/secrets/", "chainNamespaces"),
        pytest.param("/statefulsets/", "not now", marks=pytest.mark.campaign),
    ],
)
def test_a_right_that_is_missing_for_a_while_is_told(
    new_chain: NewChain, proxy: FaultProxy, in_peace: NormalForm, where: str, says: str
) -> None:
    chain = new_chain()
    forbidden = Answer(403, "Forbidden", "not now")

    def fault(seen: Seen) -> Answer | None:
        is_hit = seen.is_write and seen.namespace == chain.namespace and where in seen.path
        return forbidden if is_hit else None

    proxy.faults.append(fault)
    chain.create()
    chain.wait("Ready", "False", "Forbidden", says=says)
    tried = len(proxy.writes)
    time.sleep(3)
    assert len(proxy.writes) - tried <= 3
    proxy.faults.clear()
    chain.poke()
    wait_same(chain, in_peace)


@pytest.mark.campaign
def test_a_server_that_fails_for_long_is_asked_less_and_less(
    new_chain: NewChain, proxy: FaultProxy, in_peace: NormalForm
) -> None:
    chain = new_chain()

    def fault(seen: Seen) -> Answer | None:
        is_hit = seen.is_write and seen.namespace == chain.namespace
        return Answer(500, "InternalError") if is_hit and "/status" not in seen.path else None

    proxy.faults.append(fault)
    chain.create()
    # Three failures in a row are no hiccup any more.
    chain.wait("NodesReady", "False", "Pending", says="tried again")
    time.sleep(5)
    tried = [s for s in proxy.writes if s.namespace == chain.namespace and "/status" not in s.path]
    gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(tried)]
    assert 3 <= len(tried) <= 8, gaps
    assert gaps[-1] > gaps[0], gaps
    assert chain.children() == []
    proxy.faults.clear()
    wait_same(chain, in_peace)


def test_what_happens_while_watches_are_frozen_is_made_good(
    new_chain: NewChain, proxy: FaultProxy, in_peace: NormalForm
) -> None:
    chain = new_chain()
    chain.found()
    proxy.freeze_watches()
    chain.api.delete(SERVICE, chain.namespace, NODE)
    chain.api.delete(STATEFUL_SET, chain.namespace, NODE)
    chain.api.patch(CONFIG_MAP, chain.namespace, "trade-trust", {"data": {"ffffffff.0": "x"}})
    time.sleep(2)
    assert chain.get(SERVICE, NODE) is None
    proxy.thaw_watches()
    wait_same(chain, in_peace)


@pytest.mark.campaign
def test_nothing_is_made_for_a_resource_whose_end_nobody_has_told(
    new_chain: NewChain, proxy: FaultProxy
) -> None:
    """Its watch is silent, while those of its children show each of them collected."""
    chain = new_chain()
    chain.found()
    proxy.freeze_watches(of="/consortiumchains")
    since = len(proxy.writes)
    chain.delete()
    chain.wait_collected()
    time.sleep(1)
    assert chain.is_collected()
    tried = [str(seen) for seen in proxy.writes[since:] if seen.namespace == chain.namespace]
    assert not [path for path in tried if "/status" not in path]


@pytest.mark.campaign
@pytest.mark.timeout(300)
def test_watches_that_stay_silent_are_given_up(
    new_chain: NewChain, proxy: FaultProxy, operator: OperatorProcess, in_peace: NormalForm
) -> None:
    """All of them, that of the resource too: nobody says that the connections are dead."""
    chain = new_chain()
    chain.found()
    proxy.freeze_watches()
    chain.api.delete(SERVICE, chain.namespace, NODE)
    chain.edit(nodeDefaults={"podLabels": {"team": "ledger"}})
    wait_until(lambda: chain.get(SERVICE, NODE), "the Service is back", chain.report, 120)
    wait_until(
        lambda: chain.resource()["status"]["observedGeneration"] == 2,
        "the edit is seen",
        chain.report,
        120,
    )
    assert operator.answer("/healthz")[0] == 200
    assert operator.is_running()


@pytest.mark.campaign
def test_while_paused_nothing_is_written_but_status(
    new_chain: NewChain, proxy: FaultProxy, operator: OperatorProcess
) -> None:
    chain = new_chain()
    chain.found()
    chain.edit(paused=True)
    chain.wait("SpecValid", "True")
    since = len(proxy.writes)
    chain.api.delete(SERVICE, chain.namespace, NODE)
    chain.api.delete(CONFIG_MAP, chain.namespace, "trade-genesis-copy")
    for number in range(5):
        chain.edit(nodeDefaults={"podLabels": {"number": str(number)}})
    operator.kill()
    operator.start()
    chain.wait("SpecValid", "True")
    written = [str(s) for s in proxy.writes[since:] if s.namespace == chain.namespace]
    assert written
    assert {path.rpartition("/")[2] for path in written} == {"status"}
