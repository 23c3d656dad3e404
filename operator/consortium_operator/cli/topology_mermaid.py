"""A chain's shape as a Mermaid flow chart: pure. Members are boxes, and one knot stands for the
full mesh, whose lines nobody could tell apart."""

from collections.abc import Iterator

from consortium_operator.cli.printing import shown
from consortium_operator.cli.topology_view import MemberShape, TopologyView, told


def mermaid(found: TopologyView) -> Iterator[str]:
    yield "flowchart LR"
    yield f'  mesh(("{_text(found.mesh)}"))'
    for m, member in enumerate(found.members):
        yield from _member(f"m{m}", member)
        yield f"  mesh --- m{m}"
    for number, one in enumerate(found.domains):
        words = f"{one.kind} {one.name}: {one.weight} of {found.total_weight}"
        yield f'  d{number}[/"{_text(words)}"/]'
    for number, warning in enumerate(found.warnings):
        yield f'  w{number}["⚠ {_text(warning)}"]:::warning'
    if found.warnings:
        yield "  classDef warning fill:#fde8e8,stroke:#c0392b,color:#7b1e12"


def _member(key: str, member: MemberShape) -> Iterator[str]:
    named = f"{member.name} · {member.display_name}" if member.display_name else member.name
    yield f'  subgraph {key}["{_text(named)}"]'
    for c, city in enumerate(member.cities):
        for n, node in enumerate(city.nodes):
            yield f'    {key}c{c}n{n}["{_text(node.name)}<br>{_text(told(node))}"]'
    yield "  end"


def _text(words: str) -> str:
    """Names are anybody's text: what Mermaid would read as markup is written as its entity."""
    escaped = shown(words).replace("#", "#35;").replace('"', "#quot;")
    return escaped.replace("<", "#lt;").replace(">", "#gt;")
