"""nodes.json: whom a node dials. It is no access list: who may connect, the trust directory says.

A node resolves these names once, when it reads the file, and refuses to start where one does not
resolve (GatewayConfig.cpp): the Services that they name come first and go last.
"""

import json

from consortium_operator.chain.plan import Plan, PlannedNode
from consortium_operator.engines.fisco_bcos.layout import POD


def nodes_json(plan: Plan, node: PlannedNode) -> str:
    """All nodes of the chain but `node`, sorted."""
    names = sorted(
        f"{other.names.node}.{plan.key.namespace}.svc:{POD.p2p_port}"
        for other in plan.nodes
        if other.names.node != node.names.node
    )
    return json.dumps({"nodes": names}, separators=(",", ":")) + "\n"
