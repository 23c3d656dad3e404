"""A node's certificates: the ConfigMap `…-cert-<hash>`.

It holds the node's own certificate and the CA that its RPC trusts, the member's client CA. Named
by its content: a renewal is a new object, which the pod takes up at the node's turn. The reconciler
deletes those that nothing names any more.
"""

from collections.abc import Iterable

from consortium_operator.chain.files import NodeFile, Source
from consortium_operator.chain.naming import ChildPart
from consortium_operator.chain.plan import Plan, PlannedNode
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.core import data_hash, file_data, immutable_config_map
from consortium_operator.manifests.metadata import disposable


def certificate_config_map(plan: Plan, node: PlannedNode, files: Iterable[NodeFile]) -> Manifest:
    """`files`: all files of the node; those of another source are passed over."""
    data = file_data(files, Source.CERTIFICATE)
    name = node.names.certificate(data_hash(data))
    return immutable_config_map(disposable(plan, name, ChildPart.CERTIFICATE, node), data)
