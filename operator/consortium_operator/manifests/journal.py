"""The membership journal: the ConfigMap `<chain>-journal`.

It changes as the chain does, so it is not immutable; it is retained, since what it remembers
cannot be read from anywhere else (see chain/journal.py).
"""

from consortium_operator.chain.journal import Journal
from consortium_operator.chain.naming import ChildPart
from consortium_operator.chain.plan import Plan
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.core import config_map
from consortium_operator.manifests.metadata import retained


def journal_config_map(plan: Plan, journal: Journal) -> Manifest:
    return config_map(retained(plan, plan.key.journal, ChildPart.JOURNAL), journal.to_data())
