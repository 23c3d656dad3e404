"""Chains of an operator that are well, or broken in every way that an alert is about, told to the
code that makes the metrics as reconcile would tell it. A real chain cannot be brought into all of
this in a test; what Prometheus reads is what the operator would serve."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from consortium_operator.api.conditions import ConditionStatus, ConditionType, Reason
from consortium_operator.chain.naming import ChainKey
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.chain.view import ChainView
from consortium_operator.metrics.record import Observation
from tests.unit.metrics.sights import IDS, healthy, observed, silent, view

Seen = Iterator[tuple[ChainKey, Observation]]

_T, _F = ConditionStatus.TRUE, ConditionStatus.FALSE
_WEBANK = "trade-webank-node-0"

CONDITIONS: dict[str, tuple[ConditionType, ConditionStatus, Reason]] = {
    "quorum": (ConditionType.QUORUM_HEALTHY, _F, Reason.QUORUM_LOST),
    "split": (ConditionType.CHAIN_CONSISTENT, _F, Reason.CHAIN_SPLIT),
    "keys": (ConditionType.IDENTITIES_INTACT, _F, Reason.NODE_KEY_MISSING),
    "changed": (ConditionType.MEMBERSHIP_IN_SYNC, _F, Reason.CHANGED_ON_CHAIN),
    "rollout": (ConditionType.UP_TO_DATE, _F, Reason.ROLLOUT_STUCK),
    "person": (ConditionType.STALLED, _T, Reason.AWAITING_APPROVAL),
    "unready": (ConditionType.READY, _F, Reason.NODE_DOWN),
}
LOOKS = ("risk", "stuck", "slow", "unread", "lagging", "isolated", "forgotten")
ENDS = ("expiring", "authority", "expired")
NAMES = ("trade", *CONDITIONS, *LOOKS, *ENDS)


def key(name: str) -> ChainKey:
    return ChainKey("chains", name)


def _nodes(**changes: Any) -> ChainView:
    return view(*(healthy(member, **{"pending": 0, **changes}) for member in IDS.values()))


def _round(seen: ChainView | None, now: datetime, **changes: Any) -> Observation:
    good = {one: (_T, Reason.AS_EXPECTED) for one in ConditionType}
    good |= {
        one: (_F, Reason.AS_EXPECTED) for one in (ConditionType.RECONCILING, ConditionType.STALLED)
    }
    ends: dict[str, Any] = {
        "certificate_ends": dict.fromkeys(IDS, now + timedelta(days=365)),
        "authority_ends": {("webank", AuthorityKind.NODE): now + timedelta(days=3650)},
        "client_ends": {("webank", "sdk"): now + timedelta(days=90)},
    }
    return replace(observed(seen), at=now, conditions=good, **(ends | changes))


def well(now: datetime) -> Seen:
    for name in NAMES:
        yield key(name), _round(_nodes(), now)


def broken(now: datetime, tick: int) -> Seen:
    """`tick`: goes on with time."""
    yield key("trade"), _round(_nodes(height=100 + tick), now)
    for name, (type_, status, reason) in CONDITIONS.items():
        seen = _round(_nodes(), now)
        told = {**seen.conditions, type_: (status, reason)}
        yield key(name), replace(seen, conditions=told)
    yield from _looks(now, tick)
    soon, late = now + timedelta(days=10), now - timedelta(minutes=1)
    yield key("expiring"), _round(_nodes(), now, certificate_ends=dict.fromkeys(IDS, soon))
    yield key("authority"), _round(_nodes(), now, authority_ends={("webank", _NODE): soon})
    yield key("expired"), _round(_nodes(), now, client_ends={("webank", "sdk"): late})


_NODE = AuthorityKind.NODE


def _looks(now: datetime, tick: int) -> Seen:
    alone = [healthy(m, peers=frozenset(IDS.values()) - {m, "webank"}) for m in IDS.values()]
    catching_up = dict.fromkeys(IDS, "Live") | {_WEBANK: "CatchingUp"}
    long_ago = now - timedelta(minutes=20)
    yield key("risk"), _round(view(silent("webank")), now, states={_WEBANK: "Down"})
    yield key("stuck"), _round(_nodes(pending=12), now)
    yield key("slow"), _round(_nodes(view=3 + 3 * tick), now)
    yield key("unread"), _round(_nodes(), long_ago)
    yield key("unread"), _round(view(*map(silent, IDS.values())), now)
    yield key("lagging"), _round(view(healthy("webank", height=20)), now, states=catching_up)
    yield key("isolated"), _round(view(*alone), now)
    yield key("forgotten"), _round(_nodes(), long_ago)


def this_moment() -> datetime:
    return datetime.now(UTC)
