"""The sealed genesis and its copy: two ConfigMaps of one content, so that losing one loses
nothing. Both are created once and retained."""

from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.naming import GENESIS_ANNOTATION, ChildPart
from consortium_operator.chain.plan import Plan
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.core import immutable_config_map
from consortium_operator.manifests.metadata import retained


def genesis_config_map(plan: Plan, seal: Seal) -> Manifest:
    return _sealed(plan, plan.key.genesis, seal)


def genesis_copy(plan: Plan, seal: Seal) -> Manifest:
    return _sealed(plan, plan.key.genesis_copy, seal)


def _sealed(plan: Plan, name: str, seal: Seal) -> Manifest:
    annotations = {GENESIS_ANNOTATION: seal.sha256}
    metadata = retained(plan, name, ChildPart.GENESIS, annotations=annotations)
    return immutable_config_map(metadata, seal.to_data())
