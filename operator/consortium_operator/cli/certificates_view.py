"""A chain's certificates as `consortium certificates` shows them: pure, from its public ConfigMaps
as the API server returns them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consortium_operator.chain.inspected import Inspected
from consortium_operator.chain.naming import (
    MEMBER_LABEL,
    NODE_LABEL,
    PART_LABEL,
    ChildPart,
)
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.cli.printing import columns, shown
from consortium_operator.engines import registry

_LEAVES = {
    ChildPart.CERTIFICATE: "node",
    ChildPart.CLIENT: "client",
    ChildPart.OPERATOR_CLIENT: "operator's client",
}
_AUTHORITIES = {AuthorityKind.NODE: "node CA", AuthorityKind.CLIENT: "client CA"}
# The name of a CA's register, with a hash behind the generation where its owner has renewed it.
_AUTHORITY_NAME = re.compile(
    rf"-({AuthorityKind.NODE}|{AuthorityKind.CLIENT})-([1-9][0-9]*)(-[0-9a-f]{{10}})?"
)


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """One certificate. `node`: its full name, None where it is a member's. `generation`: of a CA.
    None in the other fields: it cannot be read. `days_left`: below 0 where it has ended."""

    member: str
    node: str | None
    use: str
    generation: int | None
    issuer: str | None
    not_after: str | None
    days_left: int | None
    config_map: str
    file: str

    @property
    def holds(self) -> bool:
        return self.days_left is not None and self.days_left >= 0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where certificates stand, and for what. Of a ConfigMap that holds both kinds, one counts: a
    node's holds the CA too that its RPC trusts."""

    member: str
    node: str | None
    use: str
    generation: int | None
    holds_authorities: bool


def view(config_maps: Iterable[Mapping[str, Any]], now: datetime) -> tuple[CertificateLine, ...]:
    """Those of all that `config_maps` hold, by member and node, a member's own first."""
    places, files = dict[str, _Place](), dict[str, bytes]()
    for one in config_maps:
        place = _place(one["metadata"])
        if place is not None:
            name = one["metadata"]["name"]
            places[name] = place
            files |= {
                f"{name}/{file}": content.encode()
                for file, content in (one.get("data") or {}).items()
                if file.endswith(".crt")
            }
    found = registry.inspect(files, now)
    return tuple(sorted(_lines(found, places), key=_order))


def _place(metadata: Mapping[str, Any]) -> _Place | None:
    labels, name = metadata.get("labels") or {}, metadata["name"]
    member, node, part = (
        labels.get(MEMBER_LABEL, ""),
        labels.get(NODE_LABEL),
        labels.get(PART_LABEL),
    )
    if part in _LEAVES:
        return _Place(member, node, _LEAVES[ChildPart(part)], None, holds_authorities=False)
    authority = _AUTHORITY_NAME.search(name) if part == ChildPart.REGISTER else None
    if authority is None or node is not None or not name.endswith(authority[0]):
        return None
    use = _AUTHORITIES[AuthorityKind(authority[1])]
    return _Place(member, None, use, int(authority[2]), holds_authorities=True)


def _lines(found: Iterable[Inspected], places: Mapping[str, _Place]) -> Iterator[CertificateLine]:
    for one in found:
        config_map, _, file = one.path.partition("/")
        place, facts = places[config_map], one.facts
        if facts and facts["isAuthority"] is not place.holds_authorities:
            continue
        yield CertificateLine(
            place.member,
            place.node,
            place.use,
            place.generation,
            facts.get("issuer"),
            facts.get("notAfter"),
            facts.get("daysLeft"),
            config_map,
            file,
        )


def _order(line: CertificateLine) -> tuple[str, str, str, int, str, str]:
    generation = line.generation or 0
    return (line.member, line.node or "", line.use, generation, line.config_map, line.file)


def lines(found: Iterable[CertificateLine]) -> Iterator[str]:
    """For people."""
    return map(shown, columns(_HEAD, map(_row, found)))


_HEAD = ("MEMBER", "NODE", "USE", "GENERATION", "UNTIL", "DAYS LEFT", "ISSUER", "CONFIGMAP/FILE")


def _row(one: CertificateLine) -> tuple[str, ...]:
    return (
        one.member,
        one.node or "-",
        one.use,
        "-" if one.generation is None else str(one.generation),
        end_of(one),
        _days_left(one),
        one.issuer or "-",
        f"{one.config_map}/{one.file}",
    )


def end_of(one: CertificateLine) -> str:
    """The day; of those that end in less than two also the minute, in UTC."""
    if one.not_after is None or one.days_left is None:
        return "-"
    return one.not_after[:10] if one.days_left > 1 else f"{one.not_after[:16]}Z"


def _days_left(one: CertificateLine) -> str:
    if one.days_left is None:
        return "unreadable"
    return str(one.days_left) if one.holds else "ended"
