"""What the engine refuses of a resource that its schema accepts."""

from typing import Any

import pytest

from consortium_operator.api.conditions import Reason
from consortium_operator.api.parse import parse
from tests import chains
from tests.unit.engines.fisco_bcos import rendered


def test_a_plain_chain_has_no_problems() -> None:
    assert rendered.problems() == {}


@pytest.mark.parametrize("version", ["3.16.40", "3.17.0", "2.9.0", "9999.0.0"])
def test_an_unknown_version_is_refused_with_the_known_ones(version: str) -> None:
    (problem,) = rendered.ENGINE.problems(parse(chains.resource(version=version)))
    assert (problem.path, problem.reason) == ("spec.version", Reason.UNKNOWN_VERSION)
    assert "3.16.4" in problem.message


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("3.16.5", "must be at most 3.16.4"),  # trap 3
        ("3.17.0", "must be at most 3.16.4"),
        ("4.0.0", "must be at most 3.16.4"),
        ("3.0.0", "must be at least 3.1.0"),
        ("2.9.1", "must be at least 3.1.0"),
        ("3.256.0", "numbers of at most 255"),
        ("3.016.4", "must be written 3.16.4"),
        ("3.9999.0", "X.Y.Z"),
    ],
)
def test_a_compatibility_version_that_the_node_refuses_is_refused(
    version: str, message: str
) -> None:
    found = rendered.problems(genesis={"compatibilityVersion": version})
    assert message in found["spec.fiscoBcos.genesis.compatibilityVersion"]


@pytest.mark.parametrize("version", ["3.1.0", "3.6.0", "3.10.3", "3.16.4"])
def test_an_older_compatibility_version_is_accepted(version: str) -> None:
    assert rendered.problems(genesis={"compatibilityVersion": version}) == {}


def test_a_web3_chain_id_without_effect_is_refused() -> None:
    found = rendered.problems(genesis={"compatibilityVersion": "3.8.0", "web3ChainId": "7"})
    assert "has no effect" in found["spec.fiscoBcos.genesis.web3ChainId"]


@pytest.mark.parametrize(("size", "fits"), [(0, True), (1, False), (4095, False), (4096, True)])
def test_a_page_of_keys_is_none_or_large_enough(size: int, fits: bool) -> None:
    found = rendered.problems(ledger={"keyPageSize": size})
    assert ("spec.fiscoBcos.ledger.keyPageSize" not in found) == fits


def unchecked_problems(part: str, **fields: Any) -> dict[str, str]:
    """Of a resource with fields that are not supported yet."""
    chain = parse(chains.resource())
    changed = getattr(chain.spec.fisco_bcos, part).model_copy(update=fields)
    fisco_bcos = chain.spec.fisco_bcos.model_copy(update={part: changed})
    spec = chain.spec.model_copy(update={"fisco_bcos": fisco_bcos})
    found = rendered.ENGINE.problems(chain.model_copy(update={"spec": spec}))
    return {problem.path: problem.message for problem in found}


def test_an_unknown_feature_is_refused_with_the_nearest_known_one() -> None:
    found = unchecked_problems("genesis", features=("feature_balance", "feature_balanse"))
    assert list(found) == ["spec.fiscoBcos.genesis.features[1]"]
    assert "the nearest is feature_balance" in found["spec.fiscoBcos.genesis.features[1]"]
