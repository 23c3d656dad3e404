"""A chain's status as `consortium status` shows it: pure, from the resource as the API server
returns it, with nothing that the resource does not say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.api.moment import rfc3339
from consortium_operator.cli.chain_table import condition, headline, is_ready
from consortium_operator.cli.live import LiveChain, LiveNode
from consortium_operator.cli.printing import columns, shown

# Ready sums the others up, and these two say how it goes on.
_SUMS = (ConditionType.READY, ConditionType.RECONCILING, ConditionType.STALLED)


@dataclass(frozen=True, slots=True)
class NodeLine:
    """One node. None: the operator has not said so yet, or of the last four, not now."""

    member: str
    node: str
    role: str | None
    weight: int | None
    state: str | None
    certificate_expires: str | None
    height: int | None = None
    lag: int | None = None
    peers: int | None = None
    is_leader: bool | None = None


@dataclass(frozen=True, slots=True)
class Concern:
    """A condition that is not as it should be, or is so with a warning."""

    condition: str
    status: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class StatusView:
    """`is_current`: the operator has judged the newest spec. `recorded_height`: up to ten minutes
    old, as the resource has it; `height` and `leader`: as of `read_at`, by the operator's metrics.
    `not_live`: why these are not known."""

    namespace: str
    name: str
    is_ready: bool
    is_current: bool
    needs_person: bool
    headline: str
    quorum: Mapping[str, int] | None
    recorded_height: int | None
    nodes: tuple[NodeLine, ...]
    concerns: tuple[Concern, ...]
    height: int | None = None
    leader: str | None = None
    pending: int | None = None
    read_at: str | None = None
    not_live: str | None = None


def view(chain: Mapping[str, Any], live: LiveChain | str) -> StatusView:
    """`live`: what the metrics say, or why they say nothing."""
    found = _recorded(chain)
    if isinstance(live, str):
        return replace(found, not_live=live)
    return replace(
        found,
        nodes=tuple(_with_live(one, live.nodes.get((one.member, one.node))) for one in found.nodes),
        height=live.height,
        leader=live.leader,
        pending=live.pending,
        read_at=rfc3339(live.read_at),
    )


def _with_live(line: NodeLine, live: LiveNode | None) -> NodeLine:
    if live is None:
        return line
    return replace(
        line, height=live.height, lag=live.lag, peers=live.peers, is_leader=live.is_leader
    )


def _recorded(chain: Mapping[str, Any]) -> StatusView:
    status, metadata = chain.get("status") or {}, chain["metadata"]
    return StatusView(
        namespace=metadata["namespace"],
        name=metadata["name"],
        is_ready=is_ready(chain),
        is_current=status.get("observedGeneration") == metadata.get("generation"),
        needs_person=condition(chain, ConditionType.STALLED).get("status") == "True",
        headline=headline(chain),
        quorum=status.get("quorum"),
        recorded_height=status.get("height"),
        nodes=tuple(_nodes(status)),
        concerns=tuple(_concerns(status)),
    )


def _nodes(status: Mapping[str, Any]) -> Iterator[NodeLine]:
    for member in status.get("members") or ():
        for node in member.get("nodes") or ():
            yield NodeLine(
                member["name"],
                node["name"],
                node.get("role"),
                node.get("weight"),
                node.get("state"),
                node.get("certificateExpires"),
            )


def _concerns(status: Mapping[str, Any]) -> Iterator[Concern]:
    for one in status.get("conditions") or ():
        is_good = one["status"] == "True" and one["reason"] == Reason.AS_EXPECTED
        if one["type"] not in _SUMS and not is_good:
            yield Concern(one["type"], one["status"], one["reason"], one.get("message") or "")


def lines(found: StatusView) -> Iterator[str]:
    """For people: the sentence that matters, the nodes, and what is waited for."""
    ready = "Ready" if found.is_ready else "not Ready"
    yield shown(f"{found.namespace}/{found.name}: {ready} · {found.headline}")
    if not found.is_current:
        yield "the operator has not judged the newest spec yet"
    if found.needs_person:
        yield "it goes on only when a person has done something"
    if found.quorum is not None:
        yield (
            "weight: {live} of {totalWeight} live, {required} needed, margin {margin}".format_map(
                found.quorum
            )
        )
    yield from map(shown, _heights(found))
    if found.nodes:
        yield ""
        yield from map(shown, _table(found))
    for one in found.concerns:
        yield ""
        yield shown(f"{one.condition}={one.status}/{one.reason}")
        yield from (f"  {shown(line)}" for line in one.message.splitlines())


def _heights(found: StatusView) -> Iterator[str]:
    if found.not_live is None:
        yield (
            f"height: {_word(found.height)}, leader {found.leader or '-'}, "
            f"{_word(found.pending)} transactions wait, as of {found.read_at or '-'}"
        )
        return
    if found.recorded_height is not None:
        yield f"height: {found.recorded_height}, as recorded up to ten minutes ago"
    yield f"live heights, lag, peers and leader are not shown: {found.not_live}"


_HEAD = ("MEMBER", "NODE", "ROLE", "WEIGHT", "STATE")
_LIVE_HEAD = ("HEIGHT", "LAG", "PEERS", "LEADER")
_LAST_HEAD = ("CERTIFICATE UNTIL",)


def _table(found: StatusView) -> list[str]:
    live = _LIVE_HEAD if found.not_live is None else ()
    return columns(
        (*_HEAD, *live, *_LAST_HEAD), (_row(one, is_live=bool(live)) for one in found.nodes)
    )


def _row(node: NodeLine, *, is_live: bool) -> tuple[str, ...]:
    leader = "leader" if node.is_leader else "-"
    live = (_word(node.height), _word(node.lag), _word(node.peers), leader) if is_live else ()
    return (
        node.member,
        node.node,
        node.role or "-",
        _word(node.weight),
        node.state or "-",
        *live,
        (node.certificate_expires or "-")[:10],
    )


def _word(number: int | None) -> str:
    return "-" if number is None else str(number)
