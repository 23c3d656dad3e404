"""Asks the running nodes and merges what they say, pessimistically: silence counts as down."""

import asyncio
from dataclasses import replace

from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.naming import PLAIN_RPC_ANNOTATION
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView, NodeView
from consortium_operator.engines.protocol import ChainClient, NodeEndpoint
from consortium_operator.kube.projection import PodDetail
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.world import Custody, Round


async def read_chain(run: Round, custody: Custody, seal: Seal) -> ChainView:
    """One round of questions to every node of the plan that was not voted out."""
    client, nodes = run.world.connect(run.plan), run.plan.dialled.nodes
    views = await asyncio.gather(*(_ask(run, client, node, custody) for node in nodes))
    return ChainView(
        nodes=tuple(views),
        block0_text=run.engine.block0_text(seal),
        founding_weights={founder.node_id: founder.weight for founder in seal.founders},
    )


async def _ask(run: Round, client: ChainClient, node: PlannedNode, custody: Custody) -> NodeView:
    endpoint = endpoint_of(run, node, custody)
    identity = run.memory.clients.get(node.member)
    if isinstance(endpoint, str):
        return NodeView(node.names.node, problem=endpoint)
    if identity is None:
        return NodeView(node.names.node, problem="the operator has no client certificate for it")
    pod = pod_of(run, node)
    view = await client.view(endpoint, identity)
    expected = custody.nodes[node.names.node].node_id
    if view.answers and view.node_id != expected:
        return NodeView(node.names.node, problem=f"it says that its node id is {view.node_id}")
    # Also of a silent one, for what the others say of it.
    return replace(view, node_id=expected, pod_uid=pod.uid if pod is not None else "")


def endpoint_of(run: Round, node: PlannedNode, custody: Custody) -> NodeEndpoint | str:
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
