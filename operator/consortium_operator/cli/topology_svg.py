"""A chain's shape as an SVG picture: pure. A card for each member, a chip for each node, a bar for
each fault domain with a line at f. Colours are of regions; an observer's chip is hollow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from consortium_operator.chain.fault_domains import FaultDomain
from consortium_operator.cli.printing import shown
from consortium_operator.cli.topology_view import CityShape, MemberShape, NodeShape, TopologyView

_COLOURS = ("#2f6fb7", "#2e8b57", "#b7662f", "#7a4fb0", "#a83a5b", "#20808d", "#8a7a1f", "#56606b")
_NOWHERE, _ALARM, _INK, _FAINT = "#8b939c", "#c0392b", "#1d2733", "#5b6670"
_CARD, _GAP, _MARGIN, _LINE, _CHIP = 340, 20, 24, 24, 50
_COLUMNS, _CHIPS_IN_ROW = 3, 4
_CITY = 116
_WIDTH = 2 * _MARGIN + _COLUMNS * _CARD + (_COLUMNS - 1) * _GAP
# A letter is about so wide at its size; one of Chinese or Japanese is as wide as high.
_NARROW = 0.58

_LEGEND = "A chip: number · weight; hollow: an observer; dashed: stopped; its colour: the region."


@dataclass(frozen=True, slots=True)
class _Ink:
    """How words are written."""

    size: int = 13
    colour: str = _INK
    weight: str = "normal"
    anchor: str = "start"


_TITLE, _NAME, _SMALL = _Ink(20, weight="bold"), _Ink(15, weight="bold"), _Ink(12, _FAINT)


def svg(found: TopologyView) -> Iterator[str]:
    colours = _colours(found)
    body: list[str] = []
    y = 104
    for row in _rows(found.members):
        for column, member in enumerate(row):
            body += _card(member, _MARGIN + column * (_CARD + _GAP), y, colours)
        y += max(map(_height, row)) + _GAP
    body += _bars(found, y + 8, colours)
    y += 8 + _LINE * len(found.domains) + (_LINE if found.domains else 0)
    for warning in found.warnings:
        body.append(_text(_MARGIN, y + 14, f"⚠ {warning}", _Ink(13, _ALARM, "bold")))
        y += _LINE
    yield from _head(found, y + _MARGIN)
    yield from body
    yield "</svg>"


def _head(found: TopologyView, height: int) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="sans-serif" role="img">'
    )
    yield f"<title>{escape(shown(found.headline))}</title>"
    yield f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    yield _text(_MARGIN, 40, found.headline, _TITLE)
    yield _text(_MARGIN, 64, found.quorum, _Ink())
    yield _text(_MARGIN, 84, f"{found.mesh}. {_LEGEND}", _SMALL)


def _colours(found: TopologyView) -> Mapping[str, str]:
    """Region → colour, the same however often it is drawn."""
    nodes = (n for member in found.members for city in member.cities for n in city.nodes)
    regions = sorted({node.region or node.zone or "" for node in nodes} - {""})
    return {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(regions)}


def _rows(members: Sequence[MemberShape]) -> list[Sequence[MemberShape]]:
    return [members[at : at + _COLUMNS] for at in range(0, len(members), _COLUMNS)]


def _height(member: MemberShape) -> int:
    return 44 + sum(map(_city_height, member.cities)) + 10


def _city_height(city: CityShape) -> int:
    return _LINE * -(-len(city.nodes) // _CHIPS_IN_ROW) + 6


def _card(member: MemberShape, x: int, y: int, colours: Mapping[str, str]) -> Iterator[str]:
    yield (
        f'<rect x="{x}" y="{y}" width="{_CARD}" height="{_height(member)}" rx="8" '
        'fill="#f7f9fb" stroke="#ccd4dc"/>'
    )
    named = f"{member.name} · {member.display_name}" if member.display_name else member.name
    yield _text(x + 14, y + 28, _cut(named, 230, _NAME.size), _NAME)
    corner = _Ink(12, _FAINT, anchor="end")
    yield _text(x + _CARD - 14, y + 28, f"weight {member.weight}", corner)
    y += 44
    for city in member.cities:
        yield _text(x + 14, y + 16, _cut(city.name, _CITY - 18, _SMALL.size), _SMALL)
        for number, node in enumerate(city.nodes):
            down, across = divmod(number, _CHIPS_IN_ROW)
            yield from _chip(node, x + _CITY + across * (_CHIP + 4), y + down * _LINE, colours)
        y += _city_height(city)


def _chip(node: NodeShape, x: int, y: int, colours: Mapping[str, str]) -> Iterator[str]:
    colour = colours.get(node.region or node.zone or "", _NOWHERE)
    fill, ink = (colour, "#ffffff") if node.weight else ("#ffffff", colour)
    dashes = ' stroke-dasharray="4 3"' if node.is_stopped else ""
    number = node.name.rpartition("-")[2]
    words = f"{number} · {node.weight}" if node.weight else f"{number} obs"
    whole = " · ".join(one for one in (node.name, node.role, node.place) if one)
    yield f"<g><title>{escape(shown(whole))}</title>"
    yield (
        f'<rect x="{x}" y="{y}" width="{_CHIP}" height="20" rx="10" fill={quoteattr(fill)} '
        f'stroke="{colour}"{dashes}{" fill-opacity=" + quoteattr("0.45") if dashes else ""}/>'
    )
    yield _text(x + _CHIP // 2, y + 14, words, _Ink(11, ink, anchor="middle")) + "</g>"


def _bars(found: TopologyView, y: int, colours: Mapping[str, str]) -> Iterator[str]:
    left, width = 300, _WIDTH - _MARGIN - 420
    for number, one in enumerate(found.domains):
        top = y + number * _LINE
        yield _text(_MARGIN, top + 14, _cut(f"{one.kind} {one.name}", 270, 13), _Ink())
        length = width * one.weight // found.total_weight
        fill = _ALARM if one.is_concentrated else _colour_of(one, colours)
        yield f'<rect x="{left}" y="{top + 2}" width="{width}" height="14" fill="#eef1f4"/>'
        yield f'<rect x="{left}" y="{top + 2}" width="{length}" height="14" fill="{fill}"/>'
        words = f"{one.weight} of {found.total_weight}"
        yield _text(left + width + 10, top + 14, words, _Ink())
    if found.domains:
        bottom, at = (
            y + len(found.domains) * _LINE,
            left + width * found.may_fail // max(found.total_weight, 1),
        )
        yield f'<path d="M{at} {y - 2}V{bottom}" stroke="{_INK}" stroke-dasharray="3 3"/>'
        yield _text(at + 4, bottom + 12, f"f = {found.may_fail}", _SMALL)


def _colour_of(domain: FaultDomain, colours: Mapping[str, str]) -> str:
    return colours.get(domain.name.partition("/")[0], _NOWHERE)


def _text(x: int, y: int, words: str, ink: _Ink) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{ink.size}" fill="{ink.colour}" '
        f'font-weight="{ink.weight}" text-anchor="{ink.anchor}">{escape(shown(words))}</text>'
    )


def _cut(words: str, width: int, size: int) -> str:
    """As much of `words` as fits: an SVG wraps nothing."""
    room = width / size
    for at, letter in enumerate(words):
        room -= 1 if ord(letter) > 0x2E7F else _NARROW
        if room < 0:
            return words[: max(at - 1, 1)] + "…"
    return words
