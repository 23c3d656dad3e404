"""A node's settings (config.ini): the ConfigMap `…-config-<hash>`.

Named by its content and named in turn by the pod template: a pod that crashes starts again with
the settings it had, and takes up new ones only at its turn.
"""

from collections.abc import Iterable

from consortium_operator.chain.files import NodeFile, Source
from consortium_operator.chain.naming import ChildPart
from consortium_operator.chain.plan import Plan, PlannedNode
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.core import data_hash, file_data, immutable_config_map
from consortium_operator.manifests.metadata import disposable


def config_config_map(plan: Plan, node: PlannedNode, files: Iterable[NodeFile]) -> Manifest:
    """`files`: all files of the node; those of another source are passed over."""
    data = file_data(files, Source.CONFIG)
    name = node.names.config(data_hash(data))
    return immutable_config_map(disposable(plan, name, ChildPart.CONFIG, node), data)
