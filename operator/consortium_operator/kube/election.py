"""Which of several processes works: what a candidate concludes from a Lease, and nothing else.

A Lease is one object that names its holder. Whoever writes it at the version that was read has it,
and must write it again before its time is over. Clocks of two machines are never compared: a
foreign Lease counts as over once nothing was written to it for its whole duration, on the watch
of whoever looks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

from consortium_operator.kube.kinds import LEASE, JsonObject, ObjectKey

NOBODY = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds. Nobody takes a Lease from its holder before `duration` is over, and the holder gives
    up after `renew_within`: the rest is for writes that are on their way."""

    duration: int = 15
    renew_within: float = 10.0
    retry: float = 2.0


TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Record:
    """What a Lease says. `since`: when its holder came to it."""

    version: str
    holder: str
    duration: float
    since: str | None
    transitions: int


def record_of(lease: Mapping[str, Any]) -> Record:
    """A Lease that lacks a field, as one that a person made, is nobody's."""
    spec = lease.get("spec") or {}
    return Record(
        version=str(lease["metadata"]["resourceVersion"]),
        holder=spec.get("holderIdentity") or NOBODY,
        duration=float(spec.get("leaseDurationSeconds") or 0),
        since=spec.get("acquireTime"),
        transitions=int(spec.get("leaseTransitions") or 0),
    )


@dataclass(frozen=True, slots=True)
class Sighting:
    """A Lease, and the moment from which its duration counts; None: there is none."""

    record: Record | None
    at: float


def sight(before: Sighting | None, record: Record | None, at: float) -> Sighting:
    """A version that was seen before is no sign of life."""
    if before is not None and before.record == record:
        return before
    return Sighting(record, at)


class Step(Enum):
    """What to do next about the Lease."""

    CREATE = auto()
    TAKE = auto()
    RENEW = auto()
    WAIT = auto()
    LEAVE = auto()


def next_step(me: str, seen: Sighting, now: float, *, is_holder: bool) -> Step:
    """`is_holder`: whether this process works. It then never takes a Lease that has another name:
    somebody else may have worked meanwhile, and what it remembers may be wrong."""
    record = seen.record
    if record is None:
        return Step.CREATE
    if record.holder == me:
        return Step.RENEW
    if is_holder:
        return Step.LEAVE
    if record.holder == NOBODY or now - seen.at >= record.duration:
        return Step.TAKE
    return Step.WAIT


def held(before: Record | None, me: str, now: datetime, terms: Terms) -> Record:
    """The record by which `me` takes the Lease, or keeps it."""
    if before is not None and before.holder == me:
        return replace(before, duration=terms.duration)
    return Record(
        version="" if before is None else before.version,
        holder=me,
        duration=terms.duration,
        since=_micro_time(now),
        transitions=0 if before is None else before.transitions + 1,
    )


def released(before: Record) -> Record:
    """Nobody's, so that the next one need not wait."""
    return replace(before, holder=NOBODY, duration=1)


def lease(key: ObjectKey, record: Record, now: datetime) -> JsonObject:
    """The object; without a version it is a new one."""
    version = {"resourceVersion": record.version} if record.version else {}
    return {
        "apiVersion": LEASE.api_version,
        "kind": LEASE.kind,
        "metadata": {"name": key.name, "namespace": key.namespace, **version},
        "spec": {
            "holderIdentity": record.holder,
            "leaseDurationSeconds": int(record.duration),
            "acquireTime": record.since,
            "renewTime": _micro_time(now),
            "leaseTransitions": record.transitions,
        },
    }


def _micro_time(now: datetime) -> str:
    """As Kubernetes writes a MicroTime."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
