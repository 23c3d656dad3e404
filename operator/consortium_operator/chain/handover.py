"""From the committee that a chain has to the one that the spec asks for, one proposal at a time.

The weight of the governors whose keys are here first goes up, then down: at no step can they pass
less than at the beginning or at the end, whichever is less. Rates come last. A governor cannot
remove itself, so the account that founded the chain leaves by a proposal of another one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from consortium_operator.chain.changes import GovernorChange, RatesChange
from consortium_operator.chain.committee import Committee


@dataclass(frozen=True, slots=True)
class Achieved:
    """What the chain last had as the spec asked for it: address → weight, and the rates."""

    governors: Mapping[str, int] = field(default_factory=dict)
    rates: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Handover:
    """`due`: in their order. `for_others`: governors that only governors without a key here can
    remove. `changed_on_chain`: what others have changed since, in words."""

    due: tuple[GovernorChange | RatesChange, ...]
    for_others: tuple[str, ...]
    changed_on_chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Goal:
    """What the committee should become. `achieved`: of it, by our doing. `keys`: addresses whose
    keys are here. `founder`: the account that founded the chain."""

    wanted: Committee
    achieved: Achieved
    keys: frozenset[str]
    founder: str


def plan_handover(now: Committee, goal: Goal) -> Handover:
    wanted, others = goal.wanted, list[str]()
    changes = list[GovernorChange]()
    for address, weight in sorted(wanted.governors.items()):
        found = now.governors.get(address, 0)
        if found == weight:
            continue
        if goal.achieved.governors.get(address) == weight:
            others.append(f"governor {address} has weight {found}, not {weight}")
        else:
            changes.append(GovernorChange(address, weight))
    for address in sorted(now.governors.keys() - wanted.governors.keys()):
        if address == goal.founder or address in goal.achieved.governors:
            changes.append(GovernorChange(address, 0))
        else:
            others.append(f"governor {address} is not in the resource")
    mine = goal.keys & (now.governors.keys() | wanted.governors.keys())
    blocked = [one for one in changes if one.weight == 0 and not mine - {one.address}]
    free = [one for one in changes if one not in blocked]
    free.sort(key=lambda one: (_phase(one, now, goal.keys), one.address))
    due: list[GovernorChange | RatesChange] = [*free]
    rates = (wanted.participation, wanted.win)
    if (now.participation, now.win) != rates:
        if goal.achieved.rates == rates:
            others.append(
                f"the rates are {now.participation} and {now.win}, not {rates[0]} and {rates[1]}"
            )
        else:
            due.append(RatesChange(*rates))
    return Handover(tuple(due), tuple(one.address for one in blocked), tuple(others))


def _phase(change: GovernorChange, now: Committee, keys: frozenset[str]) -> int:
    """Ours up, others' down, others' up, ours down."""
    goes_up = change.weight > now.governors.get(change.address, 0)
    if change.address in keys:
        return 0 if goes_up else 3
    return 2 if goes_up else 1


def achieved_by(now: Committee, goal: Goal) -> Achieved:
    """What stands as the spec asks for it, and what stood so before and is asked for still."""
    before, wanted = goal.achieved, goal.wanted
    governors = {
        address: weight if now.governors.get(address) == weight else before.governors[address]
        for address, weight in wanted.governors.items()
        if now.governors.get(address) == weight or address in before.governors
    }
    # Those that have to go are remembered until they are gone.
    leaving = before.governors.keys() & (now.governors.keys() - wanted.governors.keys())
    governors |= {address: before.governors[address] for address in leaving}
    rates = (wanted.participation, wanted.win)
    stands = (now.participation, now.win) == rates
    return Achieved(governors, rates if stands else before.rates)
