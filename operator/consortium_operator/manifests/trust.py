"""Whose nodes are let in as peers: the ConfigMap `<chain>-trust`, mounted live by every node.

It holds each member's node CA as an OpenSSL hash file. A node reads the directory when it meets a
certificate it cannot verify, so a new member is trusted without a restart.
"""

from collections.abc import Mapping

from consortium_operator.chain.naming import ChildPart
from consortium_operator.chain.plan import Plan
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.core import config_map
from consortium_operator.manifests.metadata import disposable


def trust_config_map(plan: Plan, directory: Mapping[str, str]) -> Manifest:
    """`directory`: `<subject hash>.<n>` → PEM."""
    return config_map(disposable(plan, plan.key.trust, ChildPart.TRUST), directory)
