"""Which versions of the node can run a chain that was founded with another, and has run since."""

from typing import Any

import pytest

from consortium_operator.api.conditions import Reason
from consortium_operator.engines.fisco_bcos.features import FEATURES
from consortium_operator.engines.fisco_bcos.versions import VERSIONS
from consortium_operator.engines.protocol import RunningChain
from tests.unit.engines.fisco_bcos import rendered

COMPATIBILITY = "compatibility_version"
TAGS = sorted(VERSIONS, key=lambda tag: VERSIONS[tag].version)


def founded_with(version: str, **fisco_bcos: Any) -> Any:
    return rendered.seal(rendered.plan(version=version, **fisco_bcos))


def refusals(target: str, sealed: Any, running: RunningChain | None = None) -> dict[Reason, str]:
    found = rendered.ENGINE.unfit_for(
        rendered.plan(version=target), sealed, running or RunningChain()
    )
    assert {problem.path for problem in found} <= {"spec.version"}
    return {problem.reason: problem.message for problem in found}


@pytest.mark.parametrize("tag", TAGS)
def test_each_version_can_run_what_it_founded_and_the_newest_can_run_everything(tag: str) -> None:
    flags = {"genesis": {"features": [VERSIONS[tag].features[0]]}}
    running = RunningChain({COMPATIBILITY: str(VERSIONS[tag].max_compatibility)}, frozenset({tag}))
    assert refusals(tag, founded_with(tag, **flags), running) == {}
    assert refusals(TAGS[-1], founded_with(tag, **flags), running) == {}


@pytest.mark.parametrize(
    ("founded", "target", "fisco_bcos", "said"),
    [
        (
            "3.16.4",
            "3.15.2",
            {},
            "3.15.2 cannot run this chain, whose compatibility version is 3.16.4, because it knows "
            "only up to 3.15.2; set spec.version back",
        ),
        (
            "3.7.3",
            "3.8.0",
            {"genesis": {"features": ["bugfix_staticcall_noaddr_return"]}},
            "which has switched on bugfix_staticcall_noaddr_return, because it does not know that",
        ),
        (
            "3.15.0",
            "3.14.0",
            {"executor": {"version": 1}, "genesis": {"compatibilityVersion": "3.14.0"}},
            "founded on executor 1, because it does not have that",
        ),
        (
            "3.11.0",
            "3.10.3",
            {
                "ledger": {"separateBlockState": True},
                "genesis": {"compatibilityVersion": "3.10.0"},
            },
            "in two databases, because it cannot read that",
        ),
    ],
)
def test_a_version_that_would_not_run_the_founding_is_refused(
    founded: str, target: str, fisco_bcos: dict[str, Any], said: str
) -> None:
    found = refusals(target, founded_with(founded, **fisco_bcos))
    assert list(found) == [Reason.DOWNGRADE_REFUSED]
    assert said in found[Reason.DOWNGRADE_REFUSED]


def test_an_older_version_runs_a_chain_that_was_never_raised_above_it() -> None:
    sealed = founded_with("3.16.4", genesis={"compatibilityVersion": "3.15.2"})
    running = RunningChain({COMPATIBILITY: "3.15.2"}, frozenset({"3.16.4"}))
    assert refusals("3.15.2", sealed, running) == {}


def test_a_chain_that_was_raised_since_does_not_go_back() -> None:
    running = RunningChain({COMPATIBILITY: "3.16.4"}, frozenset({"3.16.4"}))
    assert refusals("3.15.2", founded_with("3.15.2"), running) == {
        Reason.DOWNGRADE_REFUSED: "3.15.2 cannot run this chain, whose compatibility version is "
        "3.16.4, because it knows only up to 3.15.2; the nodes stay as they are: set spec.version "
        "back to 3.16.4"
    }


def test_a_flag_that_was_switched_on_since_counts_whatever_the_numbers_say() -> None:
    """3.7.3 knows flags that 3.8.0 does not."""
    flags = {"bugfix_staticcall_noaddr_return": "1", COMPATIBILITY: "3.7.2"}
    running = RunningChain(flags, frozenset({"3.7.3"}))
    sealed = founded_with("3.7.3", genesis={"compatibilityVersion": "3.7.2"})
    found = refusals("3.8.0", sealed, running)
    assert "switched on bugfix_staticcall_noaddr_return" in found[Reason.DOWNGRADE_REFUSED]
    assert refusals("3.9.0", sealed, running) == {}
    off = RunningChain({"bugfix_staticcall_noaddr_return": "0"}, frozenset({"3.7.3"}))
    assert refusals("3.8.0", sealed, off) == {}


@pytest.mark.parametrize("tag", TAGS)
def test_the_chain_is_asked_for_what_the_version_does_not_know(tag: str) -> None:
    asked = rendered.ENGINE.settings_that_decide(rendered.plan(version=tag))
    assert asked[0] == COMPATIBILITY
    assert {*asked[1:], *VERSIONS[tag].features} == {feature.flag for feature in FEATURES}


@pytest.mark.parametrize("running", [["3.15.2"], ["3.15.1", "3.15.2"]])
def test_a_chain_that_is_ahead_of_all_its_nodes_is_not_upgraded_one_by_one(
    running: list[str],
) -> None:
    """The first newer node would do what the compatibility version says, and the others not."""
    ahead = RunningChain({COMPATIBILITY: "3.16.0"}, frozenset(running))
    found = refusals("3.16.4", founded_with("3.15.1"), ahead)
    assert found == {
        Reason.ROLLOUT_STUCK: "the chain's compatibility version is 3.16.0, which none of its "
        "nodes knows: the first one of 3.16.4 would make other blocks than the rest; the nodes "
        f"stay as they are: set spec.version back to {' or '.join(running)}"
    }


@pytest.mark.parametrize("running", [["3.15.2", "3.16.4"], ["of-our-own"], []])
def test_an_upgrade_that_has_begun_goes_on_though_the_chain_was_raised_meanwhile(
    running: list[str],
) -> None:
    """To stop would keep the old ones in the chain, which are those that are wrong."""
    raised = RunningChain({COMPATIBILITY: "3.16.0"}, frozenset(running))
    assert refusals("3.16.4", founded_with("3.15.2"), raised) == {}


def test_a_compatibility_version_that_cannot_be_read_is_that_of_the_founding() -> None:
    strange = RunningChain({COMPATIBILITY: "newest"}, frozenset({"3.15.2"}))
    assert refusals("3.16.4", founded_with("3.15.2"), strange) == {}
