"""Every resource that somebody may copy out of the documents is a good one."""

import pytest

from consortium_operator.api.parse import parse
from consortium_operator.chain.plan import make_plan
from consortium_operator.engines.registry import ENGINES
from tests.chains import SETTINGS
from tests.documents import CHAINS, Written


def test_the_readme_and_the_examples_show_resources() -> None:
    places = {chain.where.partition(":")[0] for chain in CHAINS}
    assert {"README.md", "quickstart.yaml"} <= places


@pytest.mark.parametrize("written", CHAINS, ids=str)
def test_a_resource_in_the_documents_is_accepted(written: Written) -> None:
    chain = parse(written.body)
    assert ENGINES[chain.spec.engine].problems(chain) == ()
    plan = make_plan(chain, SETTINGS)
    assert len(plan.sealers) >= 4, "what people copy survives the loss of a node"
