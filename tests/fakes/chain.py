"""Running nodes in memory: they answer as their pods, volumes and genesis in the cluster say.

A node that is not scripted otherwise runs if its pod does, knows every other running node, and is
as high as the chain. As with the real node, a start at height 0 on a volume that was started on
before gives another genesis hash.
"""

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import Enum
from typing import Any

from consortium_operator.chain.changes import (
    Change,
    GovernorChange,
    MemberChange,
    Members,
    RatesChange,
    SettingChange,
    Standing,
    text_of,
)
from consortium_operator.chain.committee import (
    Committee,
    Minutes,
    OpenProposal,
    Proposed,
    Withdrawal,
)
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.quiet import Glance
from consortium_operator.chain.view import NodeView, Silence
from consortium_operator.engines.fisco_bcos import ini
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.engines.protocol import (
    ChainCallFailed,
    ClientIdentity,
    Enacted,
    Mandate,
    NodeEndpoint,
)
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    CONSORTIUM_CHAIN,
    POD,
    JsonObject,
    ObjectKey,
)
from tests.chains import SETTINGS
from tests.fakes.cluster import FakeCluster
from tests.fakes.links import Links
from tests.fakes.pods import chain_of, claim_of, config_of, node_of

HANGS = "does not answer getPeers within 5 s: its gateway hangs"
VERSIONS = {image: version for version, image in SETTINGS.image_catalogue.items()}
FRESH, RESTARTED = "0xfresh", "0xrestarted"


class Asked(Enum):
    LITTLE = "little"
    EVERYTHING = "everything"


@dataclass(slots=True)
class FakeNodes:
    """Implements ChainClient for every chain of a cluster.

    `silent`: full object names of nodes that do not answer. `hung`: uids of pods whose process
    hangs until they are replaced. `scripted`: fields of the nodes' answers that are set by the
    test. `heights`: by chain name. `refusal`: what the chain answers to every change; `slot`: the
    proposal that stands in the way of every one.
    `versions`: what a process says of itself, by its image; others do not say. `settings_made`:
    by transactions, by chain name. `committees`: the same, of chains whose governors matter.
    `proposals`: of the operator's that are open, by kind.
    `asked`: full object name → how much it was asked last, of the nodes that answered.
    `at_work`: by chain name, how many sealers an epoch has (RPBFT); each block begins another one.
    """

    cluster: FakeCluster
    links: Links
    silent: set[str] = field(default_factory=set)
    hung: set[str] = field(default_factory=set)
    scripted: dict[str, dict[str, Any]] = field(default_factory=dict)
    heights: dict[str, int] = field(default_factory=dict)
    probes: list[str] = field(default_factory=list)
    refuses_probes: bool = False
    enacted: list[Change] = field(default_factory=list)
    refusal: str | None = None
    slot: OpenProposal | None = None
    versions: dict[str, str] = field(default_factory=lambda: dict(VERSIONS))
    settings_made: dict[str, dict[str, str]] = field(default_factory=dict)
    settings_asked: list[str] = field(default_factory=list)
    refuses_settings: bool = False
    committees: dict[str, Committee] = field(default_factory=dict)
    committee_reads: int = 0
    proposals: dict[str, Change] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    at_work: dict[str, int] = field(default_factory=dict)
    _starts: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    _ledgers: dict[str, int] = field(default_factory=dict)

    def copy(self, cluster: FakeCluster, clock: Callable[[], datetime]) -> "FakeNodes":
        """The same nodes, in a copy of their cluster."""
        empty = FakeCluster()
        twin = copy.deepcopy(replace(self, cluster=empty, links=Links(empty, clock)))
        return replace(twin, cluster=cluster, links=self.links.copy(cluster, clock))

    def connect(self, plan: Plan) -> "FakeNodes":
        return self

    async def view(
        self,
        endpoint: NodeEndpoint,
        identity: ClientIdentity,
        heights: Collection[int] | None = None,
    ) -> NodeView:
        found = self._answer(endpoint, identity)
        if found.answers:
            self.asked[endpoint.node] = Asked.EVERYTHING
        marks = {height: f"0xblock{height}" for height in heights or () if height < found.height}
        return replace(found, marks=found.marks or marks)

    async def glance(self, endpoint: NodeEndpoint, identity: ClientIdentity) -> Glance:
        found = self._answer(endpoint, identity)
        if found.answers:
            self.asked[endpoint.node] = Asked.LITTLE
        return Glance(**{one.name: getattr(found, one.name) for one in fields(Glance)})

    def _answer(self, endpoint: NodeEndpoint, identity: ClientIdentity) -> NodeView:
        pod = self._pod_at(endpoint.host)
        if pod is None or not self._runs(pod):
            return NodeView(endpoint.node, problem=f"no answer from {endpoint.node}")
        if (endpoint.port, endpoint.plain) != self._rpc(pod):
            return NodeView(endpoint.node, problem=f"{endpoint.node} is asked as it does not talk")
        if pod["metadata"]["uid"] in self.hung:
            return NodeView(endpoint.node, problem=HANGS, silence=Silence.HANGS)
        if not endpoint.plain and not self.links.lets_in(pod, identity):
            return NodeView(endpoint.node, problem=f"{endpoint.node} refuses the client")
        chain, namespace = chain_of(pod)
        seal, members = self._seal(pod), self.members(chain, namespace)
        working = self.working(chain, namespace)
        scripted = self.scripted.get(endpoint.node, {})
        if "height" not in scripted and self._height(pod):
            self._ledgers[claim_of(pod)] = self._height(pod)
        found = NodeView(
            endpoint.node,
            node_id=self._node_id(pod),
            height=self._height(pod),
            latest_hash=f"0xblock{self._height(pod)}",
            genesis_hash=self.genesis_hash(pod),
            block0_text=FiscoBcos().block0_text(seal),
            block0_hash="0xblock0",
            version=self.versions.get(pod["spec"]["containers"][0]["image"], ""),
            peers=frozenset(
                self._node_id(other)
                for other in self.cluster.peek(POD, namespace)
                if chain_of(other) == (chain, namespace)
                and node_of(other) != endpoint.node
                and self._runs(other)
                and self.genesis_hash(other) == self.genesis_hash(pod)
                and self.links.connects(pod, other)
                and self._talk(self._node_id(pod), self._node_id(other), members, chain)
            ),
            sealers=working,
            candidates={one: w for one, w in members.sealers.items() if one not in working},
            observers=members.observers,
        )
        return replace(found, **scripted)

    async def committee(
        self, endpoint: NodeEndpoint, identity: ClientIdentity, plan: Plan
    ) -> Committee:
        self.committee_reads += 1
        return self.committees[plan.key.name]

    async def settings(
        self, endpoint: NodeEndpoint, identity: ClientIdentity, names: Sequence[str], plan: Plan
    ) -> Mapping[str, str]:
        self.settings_asked += names
        if self.refuses_settings:
            raise ChainCallFailed(f"{endpoint.node} does not answer getSystemConfigByKey")
        made = self.settings_made.get(plan.key.name, {})
        return {name: made[name] for name in names if name in made}

    def _talk(self, one: str, other: str, members: Members, chain: str) -> bool:
        """Of blocks: whoever is no member is left out, once there are any."""
        return not self.heights.get(chain) or (members.has(one) and members.has(other))

    async def probe(
        self, endpoint: NodeEndpoint, identity: ClientIdentity, account: PrivateFiles, plan: Plan
    ) -> None:
        self.probes.append(endpoint.node)
        if self.refuses_probes:
            raise ChainCallFailed(f"{endpoint.node} does not answer sendTransaction")
        self.heights[plan.key.name] = self.heights.get(plan.key.name, 0) + 1
        # Those that take part have the block now; what they restart with does not matter any more.
        for pod in self.cluster.peek(POD, plan.key.namespace):
            if self._runs(pod):
                self._ledgers[claim_of(pod)] = self.heights[plan.key.name]
        self._transacted(plan)

    async def enact(self, mandate: Mandate, change: Change) -> Enacted:
        plan = mandate.plan
        self.enacted.append(change)
        if self.refusal is not None:
            return Enacted(False, self.refusal)
        if self.slot is not None:
            return Enacted(False, proposal=self.slot)
        if (committee := self.committees.get(plan.key.name)) is not None:
            held = {FiscoBcos().account_register(one).address for one in mandate.accounts}
            if not can_pass(committee, held):
                return await self._propose(change, min(held), mandate.minutes)
        if isinstance(change, GovernorChange | RatesChange):
            assert committee is not None
            self.committees[plan.key.name] = changed(committee, change)
            return Enacted(holds=True)
        if isinstance(change, SettingChange):
            self.settings_made.setdefault(plan.key.name, {})[change.key] = change.value
            self.heights[plan.key.name] = self.heights.get(plan.key.name, 0) + 1
            self._transacted(plan)
            return Enacted(holds=True)
        self._carry_out(change, plan.key.name, plan.key.namespace)
        self._transacted(plan)
        return Enacted(change.holds(self.members(plan.key.name, plan.key.namespace)))

    async def _propose(self, change: Change, proposer: str, minutes: Minutes) -> Enacted:
        kind = type(change).__name__
        text = text_of(change)
        noted = Proposed(text, proposer, 6, minutes.generation, number=7, change=text)
        await minutes.note(kind, noted)
        self.proposals[kind] = change
        return Enacted(False, proposal=OpenProposal(7, proposer, True, "a vote"))

    async def withdraw(self, mandate: Mandate, kind: str) -> Withdrawal:
        if self.refusal is not None:
            return Withdrawal(refusal=self.refusal)
        return Withdrawal(7 if self.proposals.pop(kind, None) else None)

    def outvote(self, chain: str, node_id: str, standing: Standing) -> None:
        """The other governors change the chain."""
        self._carry_out(MemberChange(node_id, standing), chain, "chains")

    def _carry_out(self, change: MemberChange, chain: str, namespace: str) -> None:
        members = self.members(chain, namespace)
        sealers = {one: weight for one, weight in members.sealers.items() if one != change.node_id}
        observers = members.observers - {change.node_id}
        if change.standing is Standing.OBSERVER or (
            change.standing is Standing.SEALER
            and change.node_id not in {*members.sealers, *members.observers}
        ):
            observers |= {change.node_id}
        elif change.standing is Standing.SEALER:
            sealers[change.node_id] = change.weight
        self._members[namespace, chain] = Members(sealers, observers)
        height = self.heights[chain] = self.heights.get(chain, 0) + 1
        if change.standing is Standing.OUTSIDE:
            self._left_at[change.node_id] = height - 1

    def working(self, chain: str, namespace: str) -> dict[str, int]:
        """The sealers of the present epoch."""
        sealers, first = self.members(chain, namespace).sealers, self.heights.get(chain, 0)
        turn = sorted(sealers)
        count = self.at_work.get(chain, len(turn))
        return {one: sealers[one] for one in (2 * turn)[first % len(turn) :][:count]}

    def _transacted(self, plan: Plan) -> None:
        key = ObjectKey(CONSORTIUM_CHAIN, plan.key.namespace, plan.key.name)
        self.cluster.transacted(key)

    def members(self, chain: str, namespace: str) -> Members:
        """As transactions have made them; before that, by the genesis."""
        if (namespace, chain) not in self._members:
            found = self.cluster.find(CONFIG_MAP, f"{chain}-genesis", namespace)
            assert found is not None
            founders = Seal.from_data(found["data"]).founders
            sealers = {founder.node_id: founder.weight for founder in founders}
            self._members[namespace, chain] = Members(sealers, frozenset())
        return self._members[namespace, chain]

    _left_at: dict[str, int] = field(default_factory=dict)
    _members: dict[tuple[str, str], Members] = field(default_factory=dict)

    def _height(self, pod: JsonObject) -> int:
        """Nodes catch up at once, but for those that the others do not talk to. Whoever is no
        member stays where it is."""
        chain, namespace = chain_of(pod)
        node_id, height = self._node_id(pod), self.heights.get(chain, 0)
        if height and not self.members(chain, namespace).has(node_id):
            return self._left_at.get(node_id, 0)
        return height if height and self.genesis_hash(pod) == self._hash_of_chain(pod) else 0

    def _hash_of_chain(self, pod: JsonObject) -> str:
        """The hash that those carry who made the first block."""
        _, namespace = chain_of(pod)
        founders = [
            self.genesis_hash(other)
            for other in self.cluster.peek(POD, namespace)
            if self._ledgers.get(claim_of(other))
        ]
        return founders[0] if founders else FRESH

    def genesis_hash(self, pod: JsonObject) -> str:
        """By how often a process was started on the volume at height 0."""
        claim = claim_of(pod)
        starts = self._starts.setdefault(claim, [])
        start = (pod["metadata"]["uid"], pod["status"]["containerStatuses"][0]["restartCount"])
        if start not in starts and (not starts or not self._ledgers.get(claim)):
            starts.append(start)
        return FRESH if len(starts) == 1 else RESTARTED

    def _runs(self, pod: JsonObject) -> bool:
        return pod["status"]["phase"] == "Running" and node_of(pod) not in self.silent

    def _pod_at(self, address: str) -> JsonObject | None:
        return next(
            (p for p in self.cluster.peek(POD) if p.get("status", {}).get("podIP") == address), None
        )

    def _seal(self, pod: JsonObject) -> Seal:
        """As the process read it at its start, whatever became of the ConfigMap since."""
        chain, namespace = chain_of(pod)
        uid = pod["metadata"]["uid"]
        if uid not in self._mounted:
            found = self.cluster.find(CONFIG_MAP, f"{chain}-genesis", namespace)
            assert found is not None
            self._mounted[uid] = found["data"]
        return Seal.from_data(self._mounted[uid])

    _mounted: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def _rpc(self, pod: JsonObject) -> tuple[int, bool]:
        """Port, and whether without TLS, as the process read its config.ini at its start."""
        _, namespace = chain_of(pod)
        uid = pod["metadata"]["uid"]
        if uid not in self._rpcs:
            config = self.cluster.find(CONFIG_MAP, config_of(pod), namespace)
            assert config is not None
            rpc = ini.parse(config["data"]["config.ini"])["rpc"]
            self._rpcs[uid] = int(rpc["listen_port"]), rpc["disable_ssl"] == "true"
        return self._rpcs[uid]

    _rpcs: dict[str, tuple[int, bool]] = field(default_factory=dict)

    def _node_id(self, pod: JsonObject) -> str:
        _, namespace = chain_of(pod)
        uid = pod["metadata"]["uid"]
        if uid not in self._ids:
            register = self.cluster.find(CONFIG_MAP, f"{node_of(pod)}-identity", namespace)
            assert register is not None
            self._ids[uid] = register["data"]["node_id"]
        return self._ids[uid]

    _ids: dict[str, str] = field(default_factory=dict)


def can_pass(committee: Committee, addresses: Collection[str]) -> bool:
    """VoteComputer.sol: whether these governors pass a proposal on which nobody else votes."""
    weight = sum(committee.governors.get(address, 0) for address in addresses)
    return weight > 0 and weight * 100 >= committee.participation * sum(
        committee.governors.values()
    )


def changed(committee: Committee, change: GovernorChange | RatesChange) -> Committee:
    """As the chain carries it out."""
    if isinstance(change, RatesChange):
        return replace(committee, participation=change.participation, win=change.win)
    governors = {**committee.governors, change.address: change.weight}
    return replace(committee, governors={one: w for one, w in governors.items() if w})
