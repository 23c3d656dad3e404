"""The StatefulSet of a node: one per node, of one pod, or of none while the node is stopped.

A Deployment would start a second pod before the first has gone, and one key run twice breaks the
consensus. `OnDelete`: a changed template waits until the guard lets the operator evict the pod.
"""

from consortium_operator.chain.naming import (
    ASLEEP_ANNOTATION,
    CHAIN_LABEL,
    NODE_LABEL,
    ChildPart,
)
from consortium_operator.chain.plan import Plan
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.metadata import disposable
from consortium_operator.manifests.pod import NodePod, pod_template


def stateful_set(plan: Plan, pod: NodePod) -> Manifest:
    node = pod.node
    # Whoever leaves the spec while it sleeps has to wake up with its chain, to be voted out.
    asleep = {"annotations": {ASLEEP_ANNOTATION: "true"}} if node.is_asleep else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": disposable(plan, node.names.node, ChildPart.NODE, node) | asleep,
        "spec": {
            "replicas": 0 if node.is_stopped else 1,
            "serviceName": node.names.node,
            "selector": {"matchLabels": {CHAIN_LABEL: plan.key.name, NODE_LABEL: node.names.node}},
            "updateStrategy": {"type": "OnDelete"},
            # With OrderedReady a pod with a bad image stays after the image was put right.
            "podManagementPolicy": "Parallel",
            # There are no templates of claims; said all the same, so that no default and no
            # later hand ever deletes a ledger.
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain",
                "whenScaled": "Retain",
            },
            "revisionHistoryLimit": 2,
            "template": pod_template(plan, pod),
        },
    }
