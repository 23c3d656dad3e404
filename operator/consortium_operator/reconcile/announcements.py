"""Kubernetes Events: what the operator did, and what became of the conditions, for `kubectl
describe` and for those who collect Events.

They are a courtesy: nothing is decided by them, and one that cannot be written is dropped. What
happens again within ten minutes makes no Event of its own: the first one counts.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from consortium_operator.api.conditions import ConditionStatus, ConditionType, Reason
from consortium_operator.api.moment import rfc3339
from consortium_operator.kube.errors import ApiError, NotFound
from consortium_operator.kube.events import Happening, event_about
from consortium_operator.reconcile.world import Announced, ChainMemory, World

log = logging.getLogger(__name__)

QUIET_FOR = timedelta(minutes=10)
MOST_AT_A_TIME = 100
"""In that time, for one chain: a chain that flickers would fill the API server's store. A founding
with a join and a restart of every node makes some dozens, and none of these should be missing."""
_WITHIN_SECONDS = 5.0

# Ready speaks for the others, and so do these for Ready.
_SILENT = frozenset({ConditionType.RECONCILING, ConditionType.STALLED})
_UNDER_WAY = frozenset(
    {
        Reason.PENDING,
        Reason.WAITING_FOR_IDENTITIES,
        Reason.RENEWING,
        Reason.JOINING,
        Reason.LEAVING,
        Reason.CATCHING_UP,
        Reason.ROLLING_OUT,
    }
)


def transitions(
    before: Mapping[str, Any], after: Mapping[str, Any], now: datetime
) -> Iterator[Happening]:
    """What changed from one status to the next: a condition's answer, or the reason for it. Where
    the answer is only not known yet, there is nothing to tell."""
    earlier = {found.get("type"): found for found in before.get("conditions") or ()}
    # What sums up the others comes after them.
    for condition in sorted(
        after["conditions"], key=lambda one: one["type"] == ConditionType.READY
    ):
        type_ = ConditionType(condition["type"])
        known = earlier.get(type_.value) or {}
        is_summary = type_ is ConditionType.READY
        what = ("status",) if is_summary else ("status", "reason")
        is_new = any(known.get(name) != condition[name] for name in what)
        if is_new and type_ not in _SILENT and not _is_unknown_yet(condition):
            yield _happening(type_, condition, now)


def _is_unknown_yet(condition: Mapping[str, Any]) -> bool:
    status, reason = ConditionStatus(condition["status"]), Reason(condition["reason"])
    return status is not ConditionStatus.TRUE and reason is Reason.PENDING


def _happening(type_: ConditionType, condition: Mapping[str, Any], now: datetime) -> Happening:
    status, reason = ConditionStatus(condition["status"]), Reason(condition["reason"])
    is_good = status is ConditionStatus.TRUE and reason is Reason.AS_EXPECTED
    kind: Literal["Normal", "Warning"] = "Normal" if is_good or reason in _UNDER_WAY else "Warning"
    message = f"{type_.value} is {status.value}: {condition['message']}"
    return Happening(type_.value if is_good else reason.value, message, now, kind)


async def announce(
    world: World, memory: ChainMemory, body: Mapping[str, Any], happenings: Iterable[Happening]
) -> None:
    """Writes an Event for each; one that was written of late is counted up. Never raises."""
    now = world.now()
    memory.announced = {
        what: known
        for what, known in memory.announced.items()
        if timedelta(0) <= now - known.at < QUIET_FOR
    }
    try:
        async with asyncio.timeout(_WITHIN_SECONDS):
            for one in happenings:
                if sum(known.count for known in memory.announced.values()) < MOST_AT_A_TIME:
                    what = (one.reason, one.message)
                    known = memory.announced.get(what)
                    memory.announced[what] = await _write(world, body, one, known)
    except (ApiError, TimeoutError) as error:
        log.info("an Event could not be written: %s", error)


async def _write(
    world: World, body: Mapping[str, Any], happening: Happening, known: Announced | None
) -> Announced:
    if known is not None:
        again = Announced(known.key, known.count + 1, happening.at)
        with contextlib.suppress(NotFound):
            await world.client.repeat_event(again.key, again.count, rfc3339(again.at))
            return again
    key = await world.client.create_event(event_about(body, happening, world.reporter))
    return Announced(key, 1, happening.at)
