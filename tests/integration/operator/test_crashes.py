"""The operator killed at each of its writes, or left without the answer: in the end there is one
chain, as if nothing had happened.

Killed before the server has a write, at the next attempt killed when it has done it, and then it
goes through: so one run tries each write of a chain both ways, since all that a new process knows
is what is in the cluster.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from consortium_operator.kube.kinds import CONFIG_MAP, CONSORTIUM_CHAIN
from consortium_sandbox import Sandbox
from tests.api_server import CHILDREN, Api, Body, Happened, Refused, labels_of
from tests.crash_points import FOUNDING
from tests.integration.operator.conftest import Account, Namespaces, violations_of
from tests.integration.operator.support.chain import ONE, Chain, members
from tests.integration.operator.support.difference import differences
from tests.integration.operator.support.normal_form import NormalForm, normal_form
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.proxy import (
    Act,
    AtPoint,
    EachWrite,
    Fate,
    FaultProxy,
    Meanwhile,
    Seen,
)
from tests.integration.operator.support.waiting import wait_until

KINDS = {kind.kind: kind for kind in CHILDREN}
KILLED = (Act.KILL_BEFORE, Act.KILL_AFTER)
WAYS = {"killed": KILLED, "lost": (Act.LOSE,)}
TWO = members("tencent", "webank")
SLICE = 7


@pytest.fixture(scope="module")
def operator(proxied: OperatorProcess) -> OperatorProcess:
    return proxied


# What the operator has to do, from a chain that it has prepared in peace.


def found(chain: Chain) -> None:
    chain.found()


def nothing(chain: Chain) -> None:
    pass


def found_and_delete(chain: Chain) -> None:
    chain.found()
    chain.delete()
    chain.wait_collected()


def damage(chain: Chain) -> None:
    """What the resource owns is deleted or edited."""
    for obj in chain.children():
        kind, name = KINDS[obj["kind"]], obj["metadata"]["name"]
        part = labels_of(obj)["consortium.dev/part"]
        if part in ("peers", "network"):
            edit = {"metadata": {"labels": {"consortium.dev/part": "mallory"}}}
            chain.api.patch(kind, chain.namespace, name, edit)
        elif part == "trust":
            chain.api.patch(kind, chain.namespace, name, {"data": {"ffffffff.0": "mallory"}})
        elif obj["metadata"].get("ownerReferences"):
            chain.api.delete(kind, chain.namespace, name)


def damage_all(chain: Chain) -> None:
    """Also what it does not own, as far as it is written down twice."""
    damage(chain)
    for name in ("genesis", "webank-n-0-identity", "webank-node-ca-1", "admin"):
        chain.api.delete(CONFIG_MAP, chain.namespace, f"{chain.name}-{name}")


def change(chain: Chain) -> None:
    chain.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})


@dataclass(frozen=True)
class Workload:
    """`prepare` while the operator runs in peace, `begin` while it is away."""

    prepare: Callable[[Chain], None]
    begin: Callable[[Chain], None]


WORKLOADS = {
    "create": Workload(nothing, Chain.create),
    "create again": Workload(found_and_delete, Chain.create),
    "repair": Workload(found, damage_all),
    "change": Workload(found, change),
}


class Disturbance(Protocol):
    """A fault that counts how often it was met."""

    @property
    def met(self) -> int: ...

    def __call__(self, seen: Seen) -> Fate | None: ...


Disturbing = Callable[[str], Disturbance]
"""What goes wrong in a namespace."""


@dataclass
class Crew:
    """Carries workloads out; knows from a run in peace how each of them ends."""

    api: Api
    namespaces: Namespaces
    operator: OperatorProcess
    proxy: FaultProxy
    ends: dict[tuple[str, int], NormalForm] = field(default_factory=dict)

    def end_in_peace(self, name: str, of: list[Body]) -> NormalForm:
        if (name, len(of)) not in self.ends:
            chain, _ = self._begin(name, of)
            self.operator.start()
            chain.wait_founded()
            self.ends[name, len(of)] = normal_form(chain)
            self.leave(chain)
        return self.ends[name, len(of)]

    def carry_out(self, name: str, of: list[Body], *faults: Disturbing) -> list[Disturbance]:
        """The workload to its end, with a new process whenever one dies."""
        wanted = self.end_in_peace(name, of)
        chain, since = self._begin(name, of)
        disturbing = [fault(chain.namespace) for fault in faults]
        self.proxy.faults += disturbing
        try:
            while self._died_again(chain, wanted):
                pass
        finally:
            self.proxy.faults.clear()
            self.leave(chain)
        assert violations_of(self.api, chain.namespace, since) == []
        assert made_twice(self.api.history(chain.namespace, since)) == []
        return disturbing

    def _begin(self, name: str, of: list[Body]) -> tuple[Chain, str]:
        workload = WORKLOADS[name]
        chain = Chain(self.api, self.namespaces.make(), self.operator.log, of=of)
        since = self.api.version(chain.namespace)
        self.operator.start()
        workload.prepare(chain)
        self.operator.kill()
        workload.begin(chain)
        return chain, since

    def _died_again(self, chain: Chain, wanted: NormalForm) -> bool:
        """One process, until it is killed or has nothing left to do."""
        deaths = len(self.proxy.kills)
        self.operator.start(wait=False)
        wait_until(
            lambda: len(self.proxy.kills) > deaths or self.is_over(chain, wanted),
            "killed once more, or the end that it has in peace",
            lambda: self.report(chain, wanted),
        )
        return len(self.proxy.kills) > deaths

    def is_over(self, chain: Chain, wanted: NormalForm) -> bool:
        return self.proxy.quiet_for > 1 and normal_form(chain) == wanted

    def report(self, chain: Chain, wanted: NormalForm) -> str:
        differing = differences(normal_form(chain), wanted, "")
        last = self.proxy.kills[-1] if self.proxy.kills else "nothing"
        return "\n".join([f"it died last of {last}", *differing, chain.report()])

    def leave(self, chain: Chain) -> None:
        """Each chain costs the operator a look every few seconds."""
        if self.operator.is_running():
            self.operator.kill()
        chain.delete()


def made_twice(history: list[Happened]) -> list[str]:
    """Keys and the like that were made more than once, or changed. A volume's status is its
    controller's to write."""
    kept = {"identity", "tls", "authority", "admin", "data"}
    events = Counter(
        (event.path, event.type)
        for event in history
        if labels_of(event.object).get("consortium.dev/part") in kept
        and (event.type == "ADDED" or event.object["kind"] == "Secret")
        and event.object["kind"] != "ConfigMap"
    )
    return [f"{type_} {path}" for (path, type_), n in events.items() if n > 1 or type_ != "ADDED"]


@pytest.fixture(scope="module")
def crew(api: Api, namespaces: Namespaces, operator: OperatorProcess, proxy: FaultProxy) -> Crew:
    return Crew(api, namespaces, operator, proxy)


@pytest.mark.parametrize("workload", ["create", pytest.param("repair", marks=pytest.mark.campaign)])
def test_wherever_it_is_cut_off_the_end_is_the_same(crew: Crew, workload: str) -> None:
    """Killed at a seventh of the writes, without an answer at another: others in each workload. The
    long campaign tries all."""
    first = list(WORKLOADS).index(workload)

    def killed(namespace: str) -> EachWrite:
        return EachWrite(namespace, *KILLED, every=SLICE, first=first)

    def lost(namespace: str) -> EachWrite:
        return EachWrite(namespace, Act.LOSE, every=SLICE, first=first + 3)

    for disturbing in crew.carry_out(workload, ONE, killed, lost):
        assert disturbing.met >= 2


@pytest.mark.campaign
@pytest.mark.timeout(900)
def test_a_founding_survives_its_death_at_each_moment_that_has_a_name(crew: Crew) -> None:
    """The moments around a transaction or an eviction need nodes, which are not here."""
    disturbing = crew.carry_out("create", ONE, *(partial(AtPoint, point=one) for one in FOUNDING))
    never = [point.name for point, one in zip(FOUNDING, disturbing, strict=True) if one.met == 0]
    assert never == []


@pytest.mark.campaign
@pytest.mark.timeout(900)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("workload", WORKLOADS)
def test_each_write_of_each_workload_may_be_cut_off(crew: Crew, workload: str, way: str) -> None:
    (disturbing,) = crew.carry_out(workload, TWO, lambda where: EachWrite(where, *WAYS[way]))
    assert disturbing.met >= 20


@pytest.mark.campaign
@pytest.mark.timeout(900)
def test_the_resource_may_be_deleted_at_each_write_of_its_founding(
    crew: Crew, operator: OperatorProcess, control_plane: Sandbox
) -> None:
    """Nothing but what outlives it is left, and written anew it is founded further on it."""
    wanted = crew.end_in_peace("create", TWO)
    chain = Chain(crew.api, crew.namespaces.make(), operator.log, of=TWO)
    since = crew.api.version(chain.namespace)

    deleted: list[str] = []

    def delete() -> None:
        with closing(Api(control_plane.kubeconfig)) as api, suppress(Refused):  # deleted already
            api.delete(CONSORTIUM_CHAIN, chain.namespace, chain.name)
            deleted.append(chain.name)

    crew.proxy.faults.append(EachWrite(chain.namespace, Meanwhile(delete)))
    operator.start()

    def is_further(before: int) -> bool:
        return len(deleted) > before or crew.is_over(chain, wanted)

    while not (deleted and crew.is_over(chain, wanted)):
        before = len(deleted)
        chain.create()
        wait_until(
            partial(is_further, before),
            "deleted once more, or the end that it has in peace",
            lambda: crew.report(chain, wanted),
        )
        if len(deleted) > before:
            chain.wait_collected()
    assert len(deleted) >= 20
    crew.proxy.faults.clear()
    crew.leave(chain)
    assert violations_of(crew.api, chain.namespace, since) == []
    assert made_twice(crew.api.history(chain.namespace, since)) == []


@pytest.fixture
def second(account: Account, tmp_path: Path) -> Iterator[OperatorProcess]:
    process = OperatorProcess(account.kubeconfig, tmp_path)
    yield process
    if process.is_running():
        process.stop()


@pytest.mark.campaign
def test_two_operators_at_once_end_in_one_chain(
    crew: Crew, operator: OperatorProcess, second: OperatorProcess, api: Api
) -> None:
    """Over a founding, and then over damage to all that can be damaged."""
    in_peace = crew.end_in_peace("create", TWO)
    operator.start()
    second.start()
    chain = Chain(api, crew.namespaces.make(), operator.log, of=TWO)
    since = api.version(chain.namespace)
    chain.create()
    chain.wait_founded()
    founded = normal_form(chain)
    assert differences(founded, in_peace) == []
    damage(chain)
    wait_until(
        lambda: normal_form(chain) == founded,
        "as it was",
        lambda: "\n".join(differences(normal_form(chain), founded)),
    )
    chain.wait_still()
    assert violations_of(api, chain.namespace, since) == []
    assert made_twice(api.history(chain.namespace, since)) == []
    before, resource = chain.versions(), chain.resource()
    for process in (operator, second):
        process.look_again(lambda: None)
    assert chain.versions() == before
    assert chain.resource() == resource
    for process in (operator, second):
        assert process.work().errors == 0, process.log()
