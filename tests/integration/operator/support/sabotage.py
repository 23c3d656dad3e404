"""The operator without one of its safeguards: how tests are tested.

`python -m tests.integration.operator.support.sabotage NAME …` is the operator, but for what NAME
takes away. The product has no such switch; here it is cut out of the running code. Every safeguard
names the test that must fail without it.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from consortium_operator.handlers.main import main
from consortium_operator.kube.client import KubeClient
from consortium_operator.reconcile import apply, key_requests, reconciler, seal

_HERE = "tests/integration/operator"


@dataclass(frozen=True)
class Safeguard:
    """`cut`: what stands in its place. `test`: it fails then."""

    cut: Mapping[tuple[object, str], object]
    test: str

    def remove(self) -> None:
        for (where, name), instead in self.cut.items():
            assert hasattr(where, name), f"{name} is gone: what guards now?"
            setattr(where, name, instead)


async def _nothing_forbids_it() -> None:
    return None


def _never_paused(genuine: Any) -> Any:
    def plan_of(*arguments: Any) -> Any:
        plan = genuine(*arguments)
        return replace(plan, spec=plan.spec.model_copy(update={"paused": False}))

    return plan_of


SAFEGUARDS = {
    "foreign-objects-are-left-alone": Safeguard(
        {(apply, "_is_ours"): lambda *_: True},
        f"{_HERE}/test_conflicts.py::"
        "test_a_foreign_object_under_any_name_is_told_and_left_alone_until_it_goes",
    ),
    "lost-keys-are-not-made-anew": Safeguard(
        {
            (key_requests.KeyRequest, "forbids_making"): property(
                lambda _: _nothing_forbids_it, lambda *_: None
            )
        },
        f"{_HERE}/test_keys.py::test_a_key_that_is_gone_with_its_register_is_not_made_anew",
    ),
    "a-genesis-is-sealed-once": Safeguard(
        {(seal, "_refuse_where_one_existed"): lambda _: None},
        f"{_HERE}/test_keys.py::test_a_genesis_that_is_gone_is_never_sealed_anew",
    ),
    "what-stands-is-not-written-again": Safeguard(
        {(apply, "is_settled"): lambda *_: False},
        f"{_HERE}/test_quiet.py::test_a_round_that_finds_nothing_new_makes_no_api_call",
    ),
    "paused-chains-are-left-alone": Safeguard(
        {(reconciler, "make_plan"): _never_paused(vars(reconciler)["make_plan"])},
        f"{_HERE}/test_refusals.py::test_while_paused_nothing_is_written_but_status",
    ),
    "edits-of-others-are-undone": Safeguard(
        {(KubeClient, "restore"): KubeClient.apply},
        f"{_HERE}/test_drift.py::test_what_was_edited_comes_back_as_it_was",
    ),
}


if __name__ == "__main__":
    SAFEGUARDS[sys.argv.pop(1)].remove()
    main()
