"""Whatever a resource says, it is refused with the field and the fix, or it arrives exactly."""

import json
import re

import pytest

from consortium_operator.api.parse import parse
from consortium_operator.api.problem import InvalidResource, Problem
from consortium_operator.chain.plan import Plan, Settings, make_plan
from consortium_operator.engines.fisco_bcos import ini
from tests.unit.engines.fisco_bcos import node_facts, rendered
from tests.unit.engines.fisco_bcos.hostile import Hostile, hostile

SETTINGS = Settings(
    operator_namespace="consortium-system",
    image_catalogue={tag: f"registry.example/node:v{tag}" for tag in node_facts.TAGS},
)
SLICE, CAMPAIGN = 500, 10_000


def plan_of(resource: Hostile) -> Plan:
    """Raises InvalidResource."""
    chain = parse(resource.body)
    problems = rendered.ENGINE.problems(chain)
    if problems:
        raise InvalidResource(problems)
    return make_plan(chain, SETTINGS)


def check_problems(resource: Hostile, problems: tuple[Problem, ...]) -> None:
    """Each is one line that names a field, and one of them a field that was replaced."""
    assert problems
    for problem in problems:
        assert problem.path.isprintable(), problem
        assert problem.message.isprintable(), problem
        assert 0 < len(problem.path) < 300
        assert 10 < len(problem.message) < 1000
    assert any(
        is_about(problem.path, field) for problem in problems for field in resource.fields
    ), (resource.fields, problems)


def is_about(path: str, field: str) -> bool:
    """One is the other, or a part of it; a rule about several fields names the whole."""
    mine, theirs = re.findall(r"\w+", field), re.findall(r"\w+", path)
    shorter = min(len(mine), len(theirs))
    return mine[:shorter] == theirs[:shorter] or mine[: shorter - 1] == theirs[: shorter - 1]


def check_files(plan: Plan) -> None:
    sealed = rendered.seal(plan)
    genesis = ini.parse(sealed.text)
    spec = plan.spec.fisco_bcos
    assert genesis["chain"]["chain_id"] == plan.spec.chain_id
    assert genesis["chain"]["group_id"] == spec.group_id
    assert genesis["tx"]["gas_limit"] == str(spec.genesis.gas_limit)
    assert set(genesis.get("features", {})) == set(spec.genesis.features)
    weights = [v for k, v in genesis["consensus"].items() if k.startswith("node.")]
    assert sorted(weights) == sorted(
        f"{rendered.node_id(node)}: {node.weight}" for node in plan.sealers
    )
    assert rendered.ENGINE.check_seal(plan, sealed) == ()
    assert f"grouID: {spec.group_id}\n" in rendered.ENGINE.block0_text(sealed)
    config = rendered.config_of(plan, sealed)
    for section, keys in spec.config.items():
        for key, value in keys.items():
            assert config[section][key] == value
    assert config["rpc"]["disable_ssl"] == ("false" if spec.rpc.tls else "true")
    assert config["p2p"]["listen_port"] == "30300"
    assert config["rpc"]["listen_port"] == str(spec.rpc.port)
    assert not {"experimental", "failover"} & config.keys()
    dialled = json.loads(rendered.dial_list(plan, plan.nodes[0]))["nodes"]
    assert len(dialled) == len(plan.nodes) - 1


def survives(seed: int) -> bool:
    """Whether it was rendered."""
    resource = hostile(seed)
    try:
        plan = plan_of(resource)
    except InvalidResource as refused:
        check_problems(resource, refused.problems)
        return False
    check_files(plan)
    return True


def check(count: int) -> None:
    rendered_ones = 0
    for seed in range(count):
        try:
            rendered_ones += survives(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}, fields {hostile(seed).fields}") from error
    # Neither side of the test may run dry.
    assert 0.05 < rendered_ones / count < 0.6


def test_hostile_resources_are_refused_by_name_or_arrive_exactly() -> None:
    check(SLICE)


@pytest.mark.campaign
def test_ten_thousand_hostile_resources_are_refused_by_name_or_arrive_exactly() -> None:
    check(CAMPAIGN)
