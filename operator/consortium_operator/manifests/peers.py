"""Whom a node dials (nodes.json): the ConfigMap `…-peers`, mounted live.

Its name never changes and the pod template does not hold its content, so a member that joins or
leaves restarts nobody.
"""

from collections.abc import Mapping

from consortium_operator.chain.naming import ChildPart
from consortium_operator.chain.plan import Plan, PlannedNode
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.core import config_map
from consortium_operator.manifests.metadata import disposable


def peers_config_map(plan: Plan, node: PlannedNode, directory: Mapping[str, str]) -> Manifest:
    """`directory`: file name → content."""
    return config_map(disposable(plan, node.names.peers, ChildPart.PEERS, node), directory)
