"""One operator against a fake cluster, step by step: a test says what it has heard and when it
acts, is killed, or starts anew."""

import copy
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.naming import CHAIN_LABEL, PART_LABEL, ChainKey, ChildPart
from consortium_operator.handlers.chain_metrics import ChainMetrics
from consortium_operator.kube.errors import Forbidden
from consortium_operator.kube.kinds import (
    CHILD_KINDS,
    CONFIG_MAP,
    CONSORTIUM_CHAIN,
    PERSISTENT_VOLUME_CLAIM,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    STATEFUL_SET,
    JsonObject,
    kind_of,
)
from consortium_operator.kube.projection import project
from consortium_operator.kube.store import Store
from consortium_operator.reconcile.chains import Chains
from consortium_operator.reconcile.reconciler import Reconciler
from consortium_operator.reconcile.world import ChainMemory, World
from tests import chains
from tests.fakes.chain import Asked, FakeNodes
from tests.fakes.cluster import FakeCluster
from tests.fakes.engine import PooledKeys
from tests.fakes.faults import Call, Killed
from tests.fakes.kubelet import Controllers
from tests.fakes.links import Links
from tests.fakes.objects import CONTROLLER

KEY = ChainKey("chains", "trade")


def _copied(memory: ChainMemory) -> ChainMemory:
    """Dicts are copied; what they hold never changes."""
    return ChainMemory(**{f.name: copy.copy(getattr(memory, f.name)) for f in fields(memory)})


def _is_deed(call: Call) -> bool:
    """Whether a call changes what runs, what may be drained, or the chain itself."""
    kinds = (STATEFUL_SET, POD_DISRUPTION_BUDGET, PERSISTENT_VOLUME_CLAIM)
    return call.verb in ("evict", "transact") or (call.writes and call.key.kind in kinds)


@dataclass(slots=True)
class Clock:
    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(slots=True)
class Stage:
    """A cluster with its controllers and nodes, and one operator that may be killed and started.

    `hasty`: what the operator did by anything less than a full look in the same round. There must
    never be any. `refusals`: what keeps the operator from following the objects.
    """

    cluster: FakeCluster = field(default_factory=FakeCluster)
    clock: Clock = field(default_factory=Clock)
    engine: PooledKeys = field(default_factory=PooledKeys)
    nodes: FakeNodes = field(init=False)
    controllers: Controllers = field(init=False)
    store: Store = field(init=False)
    chains: Chains = field(init=False)
    reconciler: Reconciler = field(init=False)
    metrics: ChainMetrics = field(init=False)
    hasty: list[str] = field(default_factory=list)
    refusals: list[Forbidden] = field(default_factory=list)
    _heard: int = 0
    _serial: int = 0

    def __post_init__(self) -> None:
        self.nodes = FakeNodes(self.cluster, Links(self.cluster, self.clock))
        self.controllers = Controllers(self.cluster)
        self.start()

    def copy(self) -> "Stage":
        """The same stage at the same moment, with an operator that remembers as much."""
        cluster = self.cluster.copy()
        twin = Stage(cluster, Clock(self.clock.now), self.engine.copy())
        twin.nodes = self.nodes.copy(cluster, twin.clock)
        twin.controllers = self.controllers.copy(cluster)
        twin._serial = self._serial
        for obj in cluster.all(CONFIG_MAP):
            twin.store.record(obj)
        # Founding a chain for each of hundreds of tests would take minutes.
        twin.reconciler._memories = {
            key: _copied(memory) for key, memory in self.reconciler._memories.items()
        }
        return twin

    # The operator's life.

    def start(self) -> None:
        """A new process: it knows nothing, and lists everything before it acts."""
        self.chains, self.metrics = Chains(), ChainMetrics()
        self.store = Store(self.chains.are_in)
        world = World(
            client=self.cluster,
            store=self.store,
            settings=chains.SETTINGS,
            engines={"FiscoBcos": self.engine},
            connect=lambda plan: self.nodes.connect(plan),  # of a copy, only given later
            now=self.clock,
            serial=self._next_serial,
            refusals=lambda _: self.refusals,
        )
        self.reconciler = Reconciler(world, self.chains, self.metrics.observe)
        for obj in self.cluster.all():
            self._take("ADDED", obj)
        self._heard = len(self.cluster.history)

    def hear(self) -> None:
        """The watches deliver all that has happened."""
        for event in self.cluster.history[self._heard :]:
            self._take(event.type, event.object)
        self._heard = len(self.cluster.history)

    async def act(self, key: ChainKey = KEY) -> float | None:
        """One round on what has been heard so far."""
        self.nodes.asked.clear()
        before = len(self.cluster.calls)
        try:
            return await self.reconciler.reconcile(key)
        finally:
            if Asked.LITTLE in self.nodes.asked.values():
                self.hasty += [str(call) for call in self.cluster.calls[before:] if _is_deed(call)]

    async def round(self, key: ChainKey = KEY) -> float | None:
        """Controllers run, watches deliver, the operator acts, and some time goes by."""
        self.controllers.run()
        self.hear()
        again = await self.act(key)
        self.clock.advance(seconds=2)
        return again

    async def settle(self, key: ChainKey = KEY, rounds: int = 40) -> None:
        """Rounds until two in a row change nothing."""
        quiet, version = 0, -1
        for _ in range(rounds):
            await self.round(key)
            quiet = quiet + 1 if version == self.cluster.version else 0
            version = self.cluster.version
            if quiet == 2:
                return
        raise AssertionError(f"not settled: {self.cluster.writes[-10:]}")

    async def settle_with_restarts(self) -> int:
        """As `settle`, with a new process after each death. Returns how often it died."""
        deaths = 0
        while True:
            try:
                await self.settle()
                return deaths
            except Killed:
                deaths += 1
                self.start()

    def _take(self, type_: str, obj: JsonObject) -> None:
        if obj["kind"] == CONSORTIUM_CHAIN.kind:
            if type_ == "DELETED":
                self.chains.gone(obj)
            else:
                self.chains.seen(obj)
            return
        kinds = {kind.kind: kind for kind in CHILD_KINDS}
        if obj["kind"] not in kinds:
            return
        seen = project(obj)
        self.store.advance(seen.key.kind, None, seen.resource_version)
        if type_ == "DELETED" or CHAIN_LABEL not in seen.labels:
            self.store.lose(seen)
        else:
            self.store.see(seen)

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial

    # What people do with the resource.

    def create(self, *members: Any, **spec: Any) -> None:
        """kubectl create. `name` and `namespace` as in the resource, the rest is spec."""
        namespace = spec.pop("namespace", "chains")
        body = chains.resource(*members, **spec)
        body["metadata"] |= {"namespace": namespace, "generation": 1}
        body["metadata"].pop("uid")
        self.cluster.put(body)

    def edit(self, name: str = "trade", namespace: str = "chains", **spec: Any) -> None:
        """kubectl edit: sets fields of the spec; None removes one."""

        def change(body: JsonObject) -> None:
            body["metadata"]["generation"] += 1
            for field_name, value in spec.items():
                if value is None:
                    body["spec"].pop(field_name, None)
                else:
                    body["spec"][field_name] = value

        self.cluster.edit(CONSORTIUM_CHAIN, name, change, namespace=namespace)

    def annotate(self, annotation: str, value: str | None, name: str = "trade") -> None:
        """kubectl annotate --overwrite. None: take it away."""

        def change(body: JsonObject) -> None:
            others = body["metadata"].get("annotations", {}).items()
            kept = {key: text for key, text in others if key != annotation}
            body["metadata"]["annotations"] = kept if value is None else {**kept, annotation: value}

        self.cluster.edit(CONSORTIUM_CHAIN, name, change)

    def delete(self, name: str = "trade", namespace: str = "chains") -> JsonObject:
        """kubectl delete, in the background. Returns what was there."""
        return self.cluster.delete_by_hand(CONSORTIUM_CHAIN, name, namespace)

    def orphan_all(self) -> None:
        """What the garbage collector does after kubectl delete --cascade=orphan."""
        for obj in self.cluster.all():
            if obj["metadata"].get("ownerReferences"):
                self.cluster.edit(
                    kind_of(obj),
                    obj["metadata"]["name"],
                    lambda found: found["metadata"].pop("ownerReferences"),
                    namespace=obj["metadata"]["namespace"],
                    actor=CONTROLLER,
                )

    # What people see.

    def body(self, name: str = "trade", namespace: str = "chains") -> JsonObject:
        found = self.cluster.find(CONSORTIUM_CHAIN, name, namespace)
        assert found is not None
        return found

    def addresses(self) -> dict[str, str]:
        """The clusterIP of each node's Service."""
        return {
            service["metadata"]["name"]: service["spec"]["clusterIP"]
            for service in self.cluster.all(SERVICE)
            if (service["metadata"].get("labels") or {}).get(PART_LABEL) == ChildPart.NODE
        }

    def status(self, name: str = "trade", namespace: str = "chains") -> dict[str, Any]:
        status: dict[str, Any] = self.body(name, namespace).get("status") or {}
        return status

    def condition(
        self, type_: ConditionType, name: str = "trade", namespace: str = "chains"
    ) -> dict[str, Any]:
        conditions = self.status(name, namespace).get("conditions") or []
        found: dict[str, Any] = next(one for one in conditions if one["type"] == type_.value)
        return found

    def told(self, type_: ConditionType, name: str = "trade", namespace: str = "chains") -> str:
        """A condition in short: "False/NodeKeyMissing"."""
        found = self.condition(type_, name, namespace)
        return f"{found['status']}/{found['reason']}"
