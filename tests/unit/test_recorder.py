"""The recorder misses nothing, whatever becomes of its watches; or it says that it did."""

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from consortium_operator.kube.kinds import CONFIG_MAP, CONSORTIUM_CHAIN, Kind
from tests import recorder
from tests.api_server import Body, Happened, Refused
from tests.recorder import Recorder, RecordHasHole

NAMESPACE = "ns"


class Server:
    """A cluster of two kinds. `told`: what its watches tell, in order; an exception breaks the
    connection, or refuses the next one."""

    def __init__(self) -> None:
        self.at = 1
        self.objects: dict[Kind, dict[str, Body]] = {CONFIG_MAP: {}, CONSORTIUM_CHAIN: {}}
        self.log: dict[Kind, list[Happened]] = {CONFIG_MAP: [], CONSORTIUM_CHAIN: []}
        self.trouble: dict[Kind, queue.SimpleQueue[Exception]] = {
            CONFIG_MAP: queue.SimpleQueue(),
            CONSORTIUM_CHAIN: queue.SimpleQueue(),
        }
        self.has_crd = True
        self.asked: list[tuple[Kind, str | None]] = []

    def write(self, kind: Kind, name: str, type_: str = "ADDED") -> None:
        self.at += 1
        metadata = {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"{kind.kind}/{name}",
            "resourceVersion": str(self.at),
        }
        obj = {"kind": kind.kind, "metadata": metadata}
        if type_ == "DELETED":
            del self.objects[kind][name]
        else:
            self.objects[kind][name] = obj
        self.log[kind].append(Happened(self.at, type_, obj))

    def version(self, namespace: str) -> str:
        return str(self.at)

    def all(self, kind: Kind, namespace: str | None) -> list[Body]:
        self._refuse_without_crd(kind)
        return [*self.objects[kind].values()]

    @contextmanager
    def watch(
        self, kind: Kind, namespace: str | None, since: str | None
    ) -> Iterator[Iterator[Happened]]:
        self.asked.append((kind, since))
        self._refuse_without_crd(kind)
        yield self._begin(kind) if since is None else self._told(kind, int(since))

    def _told(self, kind: Kind, since: int) -> Iterator[Happened]:
        if not self.trouble[kind].empty():
            raise self.trouble[kind].get()
        for event in [*self.log[kind]]:
            if event.version > since:
                yield event
                if not self.trouble[kind].empty():
                    raise self.trouble[kind].get()

    def _begin(self, kind: Kind) -> Iterator[Happened]:
        for obj in [*self.objects[kind].values()]:
            yield Happened(int(obj["metadata"]["resourceVersion"]), "ADDED", obj)
        yield Happened(self.at, "BOOKMARK", {})

    def _refuse_without_crd(self, kind: Kind) -> None:
        if kind == CONSORTIUM_CHAIN and not self.has_crd:
            raise Refused(404, "the server could not find the requested resource")


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def recorded(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    monkeypatch.setattr(recorder, "_PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(recorder, "_PAUSE_SECONDS", 0.001)
    with Recorder(server, (CONFIG_MAP, CONSORTIUM_CHAIN)) as found:
        yield found


def told(recorded: Recorder) -> list[tuple[str, str]]:
    return [(one.type, one.object["metadata"]["name"]) for one in recorded.history(NAMESPACE)]


def test_every_change_is_told_in_the_order_in_which_it_happened(
    server: Server, recorded: Recorder
) -> None:
    server.write(CONSORTIUM_CHAIN, "trade")
    server.write(CONFIG_MAP, "trade-trust")
    server.write(CONSORTIUM_CHAIN, "trade", "MODIFIED")
    server.write(CONFIG_MAP, "trade-trust", "DELETED")
    assert told(recorded) == [
        ("ADDED", "trade"),
        ("ADDED", "trade-trust"),
        ("MODIFIED", "trade"),
        ("DELETED", "trade-trust"),
    ]


@pytest.mark.parametrize(
    "trouble",
    [ConnectionResetError(), TimeoutError(), Refused(429, "storage is (re)initializing")],
)
def test_a_broken_watch_goes_on_where_it_broke(
    server: Server, recorded: Recorder, trouble: Exception
) -> None:
    for number in range(3):
        server.trouble[CONFIG_MAP].put(trouble)
        server.write(CONFIG_MAP, f"number-{number}")
    assert told(recorded) == [("ADDED", f"number-{number}") for number in range(3)]


def test_a_server_that_forgot_what_was_leaves_a_hole_that_is_named(
    server: Server, recorded: Recorder
) -> None:
    server.trouble[CONFIG_MAP].put(Refused(410, "too old resource version"))
    while not server.trouble[CONFIG_MAP].empty():
        time.sleep(0.001)
    server.write(CONFIG_MAP, "trade-trust")
    with pytest.raises(RecordHasHole, match=r"ConfigMap: .*too old resource version"):
        recorded.history(NAMESPACE)


def test_what_the_watch_never_tells_is_a_hole(server: Server, recorded: Recorder) -> None:
    server.write(CONFIG_MAP, "trade-trust")
    server.log[CONFIG_MAP].clear()
    with pytest.raises(RecordHasHole, match="lags behind"):
        recorded.history(NAMESPACE)


def test_an_end_that_the_watch_never_tells_is_a_hole(server: Server, recorded: Recorder) -> None:
    server.write(CONFIG_MAP, "trade-trust")
    recorded.history(NAMESPACE)
    server.write(CONFIG_MAP, "trade-trust", "DELETED")
    server.log[CONFIG_MAP].pop()
    with pytest.raises(RecordHasHole, match="lags behind"):
        recorded.history(NAMESPACE)


def test_with_its_crd_every_resource_goes_and_those_written_anew_are_told(
    server: Server, recorded: Recorder
) -> None:
    server.write(CONSORTIUM_CHAIN, "trade")
    recorded.history(NAMESPACE)
    server.has_crd = False
    server.objects[CONSORTIUM_CHAIN].clear()
    assert told(recorded)[0] == ("ADDED", "trade")
    while (CONSORTIUM_CHAIN, None) not in server.asked:
        time.sleep(0.001)
    assert told(recorded) == [("ADDED", "trade"), ("DELETED", "trade")]
    server.has_crd = True
    server.write(CONSORTIUM_CHAIN, "trade")
    assert told(recorded) == [("ADDED", "trade"), ("DELETED", "trade"), ("ADDED", "trade")]


def test_an_object_of_a_chain_that_nobody_could_see_is_not_held_against_the_operator(
    server: Server, recorded: Recorder
) -> None:
    server.has_crd = False
    while (CONSORTIUM_CHAIN, None) not in server.asked:
        time.sleep(0.001)
    server.write(CONFIG_MAP, "trade-trust")
    labels = {"consortium.dev/chain": "trade"}
    managed = [{"manager": "consortium-operator", "operation": "Apply", "fieldsV1": {"f:data": {}}}]
    server.log[CONFIG_MAP][-1].object["metadata"] |= {"labels": labels, "managedFields": managed}
    assert "S7" in "".join(recorded.violations(NAMESPACE))
    server.has_crd = True
    while not any(since for kind, since in reversed(server.asked) if kind == CONSORTIUM_CHAIN):
        time.sleep(0.001)
    server.asked.clear()
    while (CONSORTIUM_CHAIN, str(server.at)) not in server.asked:
        time.sleep(0.001)
    assert recorded.violations(NAMESPACE) == []
