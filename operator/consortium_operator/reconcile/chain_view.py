"""Asks the running nodes and merges what they say, pessimistically: silence counts as down.

All of them everything; or, where nothing has changed since the chain was well, little (see
`chain.quiet`).
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.naming import PLAIN_RPC_ANNOTATION
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.quiet import Glance, QuietLook, Settled, heights_to_compare
from consortium_operator.chain.view import ChainView, NodeView
from consortium_operator.engines.protocol import ChainClient, ClientIdentity, NodeEndpoint
from consortium_operator.kube.projection import PodDetail
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.world import Custody, Founded, Round


async def read_chain(founded: Founded, silent: Mapping[str, NodeView] | None = None) -> ChainView:
    """One round of questions to every node of the plan that was not voted out. `silent`: by full
    object name, nodes that did not answer a moment ago, and are not waited for again."""
    run, known, asker = founded.round, silent or {}, _Asker.of(founded)
    nodes = run.plan.dialled.nodes
    views = await asyncio.gather(
        *(asker.everything(node) for node in nodes if node.names.node not in known)
    )
    found = {**known, **{view.node: view for view in views}}
    return ChainView(
        nodes=tuple(found[node.names.node] for node in nodes),
        block0_text=run.engine.block0_text(founded.seal),
        founding_weights=_founding_weights(founded.seal),
    )


async def look_quietly(founded: Founded, settled: Settled, turn: int) -> QuietLook:
    """Few questions to every node, and all of them to the witnesses whose turn it is. These come
    last, so that they have the blocks that the others told of."""
    run, witnesses, asker = founded.round, settled.witnesses(turn), _Asker.of(founded)
    nodes = run.plan.dialled.nodes
    glances = await asyncio.gather(
        *(asker.briefly(node) for node in nodes if node.names.node not in witnesses)
    )
    heights = heights_to_compare(glances)
    views = await asyncio.gather(
        *(asker.everything(node, heights) for node in nodes if node.names.node in witnesses)
    )
    found = {view.node: view for view in (*map(settled.now, glances), *views)}
    return QuietLook(
        nodes=tuple(found[node.names.node] for node in nodes),
        block0_text=run.engine.block0_text(founded.seal),
        founding_weights=_founding_weights(founded.seal),
        witnesses=witnesses,
    )


def _founding_weights(seal: Seal) -> dict[str, int]:
    return {founder.node_id: founder.weight for founder in seal.founders}


@dataclass(frozen=True, slots=True)
class _Asker:
    """Asks the nodes of one chain through one client, which bounds how many at a time."""

    founded: Founded
    client: ChainClient

    @classmethod
    def of(cls, founded: Founded) -> "_Asker":
        return cls(founded, founded.round.world.connect(founded.round.plan))

    async def everything(
        self, node: PlannedNode, heights: Collection[int] | None = None
    ) -> NodeView:
        run, custody, name = self.founded.round, self.founded.custody, node.names.node
        address = address_of(run, node, custody)
        if isinstance(address, str):
            return NodeView(name, problem=address)
        pod, expected = pod_of(run, node), custody.nodes[name].node_id
        view = await self.client.view(*address, heights)
        if view.answers and view.node_id != expected:
            return NodeView(name, problem=_is_another(view.node_id))
        # Also of a silent one, for what the others say of it.
        return replace(view, node_id=expected, pod_uid=pod.uid if pod is not None else "")

    async def briefly(self, node: PlannedNode) -> Glance:
        run, custody, name = self.founded.round, self.founded.custody, node.names.node
        address = address_of(run, node, custody)
        if isinstance(address, str):
            return Glance(name, problem=address)
        glance = await self.client.glance(*address)
        if glance.problem is None and glance.node_id != custody.nodes[name].node_id:
            return Glance(name, problem=_is_another(glance.node_id))
        return glance


Address = tuple[NodeEndpoint, ClientIdentity]
"""Where, and as whom, a node is asked."""


def address_of(run: Round, node: PlannedNode, custody: Custody) -> Address | str:
    """Or why it cannot be asked."""
    endpoint, identity = _endpoint(run, node, custody), run.memory.clients.get(node.member)
    if isinstance(endpoint, str):
        return endpoint
    if identity is None:
        return "the operator has no client certificate for it"
    return endpoint, identity


def _is_another(node_id: str) -> str:
    return f"it says that its node id is {node_id}"


def _endpoint(run: Round, node: PlannedNode, custody: Custody) -> NodeEndpoint | str:
    """Where and how the node is asked, or why it cannot be. By pod address: a Service would also
    answer for a pod that is going. Port and TLS are those that this pod was made with: the spec
    may ask for others, for which the node has not had its turn yet."""
    register = custody.nodes.get(node.names.node)
    if register is None:
        return "its identity is not intact"
    pod = pod_of(run, node)
    if pod is None:
        return "it has no pod"
    if not isinstance(pod.detail, PodDetail) or not pod.detail.ip:
        return "its pod has no address yet"
    port = pod.detail.ports.get(run.engine.process(run.plan).rpc.name)
    if port is None:
        return "its pod has no RPC port"
    return NodeEndpoint(
        node=node.names.node,
        host=pod.detail.ip,
        port=port,
        tls_fingerprint=register.tls_fingerprint,
        plain=PLAIN_RPC_ANNOTATION in pod.annotations,
    )
