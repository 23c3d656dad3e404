"""What the tests of the traps (test_traps.py, test_traps_of_operation.py) share."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from consortium_operator.api.parse import parse
from consortium_operator.api.problem import InvalidResource
from consortium_operator.chain.plan import Plan, PlannedNode
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from consortium_operator.manifests.pod import Generations, node_pod, pod_template
from tests import chains
from tests.unit.engines.fisco_bcos import rendered

suites = pytest.mark.parametrize("suite", [STANDARD, SM], ids=["Standard", "SM"])


def refused(**spec: Any) -> set[str]:
    """The fields that a resource with these fields of its spec is refused for."""
    try:
        found = rendered.ENGINE.problems(parse(chains.resource(**spec)))
    except InvalidResource as error:
        found = error.problems
    return {problem.path for problem in found}


def refused_settings(**fisco_bcos: Any) -> set[str]:
    return {path.removeprefix("spec.fiscoBcos.") for path in refused(fiscoBcos=fisco_bcos)}


def pod_of(plan: Plan, node: PlannedNode) -> dict[str, Any]:
    seal = rendered.seal(plan)
    files = rendered.ENGINE.node_files(plan, seal, rendered.material(node))
    pod = node_pod(plan, node, rendered.ENGINE.process(plan), files, Generations())
    found: dict[str, Any] = pod_template(plan, pod)["spec"]
    return found


def rendered_values(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Section, key and value of both files."""
    for sections in (rendered.genesis_of(plan), rendered.config_of(plan)):
        for section, keys in sections.items():
            yield from ((section, key, value) for key, value in keys.items())


def dialled(plan: Plan, node: PlannedNode) -> list[str]:
    found: list[str] = json.loads(rendered.dial_list(plan, node))["nodes"]
    return found


def secrets_of(pod: dict[str, Any]) -> set[str]:
    return {
        source["secret"]["name"]
        for volume in pod["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
        if "secret" in source
    }
