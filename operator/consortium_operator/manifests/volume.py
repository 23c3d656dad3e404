"""The volume of a node's ledger: the PersistentVolumeClaim `…-data-g<n>`.

Our own claim, not a volumeClaimTemplate: a StatefulSet makes a lost claim again, empty, within
seconds. A missing claim must leave the pod Pending until the guard agrees.
"""

from consortium_operator.chain.naming import GENESIS_ANNOTATION, NODE_ID_ANNOTATION, ChildPart
from consortium_operator.chain.plan import Plan, PlannedNode
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.metadata import retained


def data_claim(
    plan: Plan, node: PlannedNode, generation: int, node_id: str, genesis_sha256: str
) -> Manifest:
    """The annotations tie the ledger to its key and its genesis: with others the node aborts."""
    annotations = {NODE_ID_ANNOTATION: node_id, GENESIS_ANNOTATION: genesis_sha256}
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": node.storage.size}},
    }
    if node.storage.storage_class_name is not None:
        spec["storageClassName"] = node.storage.storage_class_name
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": retained(plan, node.names.data(generation), ChildPart.DATA, node, annotations),
        "spec": spec,
    }
