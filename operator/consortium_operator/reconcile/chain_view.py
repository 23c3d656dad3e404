"""Asks the running nodes and merges what they say, pessimistically: silence counts as down."""

import asyncio
from dataclasses import replace

from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView, NodeView
from consortium_operator.engines.protocol import ChainClient, NodeEndpoint
from consortium_operator.kube.kinds import POD, ObjectKey
from consortium_operator.kube.projection import PodDetail
from consortium_operator.reconcile.world import Custody, Round


async def read_chain(run: Round, custody: Custody, seal: Seal) -> ChainView:
    """One round of questions to every node of the plan."""
    client = run.world.connect(run.plan)
    views = await asyncio.gather(*(_ask(run, client, node, custody) for node in run.plan.nodes))
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
    view = await client.view(endpoint, identity)
    expected = custody.nodes[node.names.node].node_id
    if view.answers and view.node_id != expected:
        return NodeView(node.names.node, problem=f"it says that its node id is {view.node_id}")
    # Also of a silent one, for what the others say of it.
    return replace(view, node_id=expected)


def endpoint_of(run: Round, node: PlannedNode, custody: Custody) -> NodeEndpoint | str:
    """Where the node is asked, or why it cannot be. By pod address: a Service would also answer
    for a pod that is going."""
    register = custody.nodes.get(node.names.node)
    if register is None:
        return "its identity is not intact"
    pod = run.world.store.get(ObjectKey(POD, run.key.namespace, node.names.pod))
    if pod is None:
        return "it has no pod"
    if not isinstance(pod.detail, PodDetail) or not pod.detail.ip:
        return "its pod has no address yet"
    return NodeEndpoint(
        node=node.names.node,
        host=pod.detail.ip,
        port=run.plan.spec.fisco_bcos.rpc.port,
        tls_fingerprint=register.tls_fingerprint,
    )
