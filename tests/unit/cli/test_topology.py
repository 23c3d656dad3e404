"""`consortium topology`: a chain's shape, as a tree, as pictures and for programs."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from consortium_operator.cli.topology_mermaid import mermaid
from consortium_operator.cli.topology_svg import svg
from consortium_operator.cli.topology_view import lines, view
from tests.chains import member, node, plan, resource
from tests.fakes.cluster import FakeCluster
from tests.golden import check_golden
from tests.unit.cli.cluster import connect_to
from tests.unit.cli.commands import consortium

SOUTH, WEST = {"region": "cn-south", "zone": "a"}, {"region": "cn-west"}
MEMBERS = (
    member(
        "webank",
        node("shenzhen", count=2, placement=SOUTH),
        node("guangzhou", placement=SOUTH | {"zone": "b"}),
    )
    | {"displayName": "微众银行"},
    member(
        "sichuan-trade",
        node("chengdu", weight=2, placement=WEST),
        node("chongqing", role="Observer", placement=WEST),
    ),
    member(
        "east-port",
        node("ningbo", placement={"region": "cn-east"}),
        node("shanghai", state="Stopped"),
    ),
)
HOSTILE = member("webank") | {"displayName": '\x1b[2J<b>"#&'}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "chain.yaml"
    chain = resource(*MEMBERS)
    del chain["metadata"]["uid"]
    path.write_text(yaml.safe_dump(chain), "utf-8")
    return path


@pytest.mark.parametrize("output", ["table", "mermaid", "json", "yaml"])
def test_it_looks_as_it_did_when_somebody_last_looked(file: Path, output: str) -> None:
    done = consortium("topology", "-f", file, "-o", output)
    assert done.code == 0
    check_golden(f"topology/trade.{output}", done.stdout)


def test_the_picture_in_the_documents_is_what_it_draws(file: Path) -> None:
    check_golden(
        "../../docs/images/topology.svg", consortium("topology", "-f", file, "-o", "svg").stdout
    )


def test_the_picture_of_a_big_chain_is_whole() -> None:
    big = [
        member(f"m{number}", node("city", count=4), node("far", count=4)) for number in range(32)
    ]
    root = ET.fromstring("\n".join(svg(view(plan(*big)))))
    titles = [title.text or "" for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert sum("Sealer" in title for title in titles) == 256


def test_a_chain_in_a_cluster_looks_the_same(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = FakeCluster()
    there.put(yaml.safe_load(file.read_text("utf-8")) | {"status": {"conditions": []}})

    connect_to(there, monkeypatch)
    assert consortium("topology", "trade") == consortium("topology", "-f", file)


def test_where_any_sealer_stops_the_chain_that_is_the_one_warning() -> None:
    small = view(plan(member("webank", node("a", placement=SOUTH)), member("tencent")))
    (warning,) = small.warnings
    assert warning.startswith("f is 0")


def test_a_sealer_heavier_than_f_is_named() -> None:
    heavy = view(plan(member("webank", node("a", weight=3)), member("tencent", node("b", count=4))))
    assert heavy.warnings == ("webank/a-0 weighs 3, more than f = 2: the chain stops with it",)


def test_names_are_text_in_every_picture() -> None:
    found = view(plan(HOSTILE))
    assert not any("\x1b" in line for painter in (lines, svg, mermaid) for line in painter(found))
    ET.fromstring("\n".join(svg(found)))
    assert not any("<b>" in line for line in mermaid(found))


@pytest.mark.parametrize("words", [(), ("trade", "-f", "chain.yaml")])
def test_it_takes_either_a_name_or_a_file(words: tuple[str, ...]) -> None:
    done = consortium("topology", *words)
    assert (done.code, done.stderr) == (2, "error: give either the NAME of a chain or --file\n")


@pytest.mark.parametrize(
    "words", [["topology"], ["render", "-o", "out"], ["diff", "trade"]], ids=lambda words: words[0]
)
def test_of_several_files_none_is_left_out_in_silence(words: list[str]) -> None:
    done = consortium(*words, "-f", "a.yaml", "-f", "b.yaml")
    assert (done.code, done.stdout) == (2, "")
    assert "--file is given 2 times, and one is wanted" in done.stderr


def test_a_file_that_is_wrong_is_told_with_its_lines() -> None:
    chain = yaml.safe_dump(resource(member("Webank")))
    done = consortium("topology", "-f", "-", stdin=chain)
    assert (done.code, done.stdout) == (1, "")
    assert "spec.members[0].name" in done.stderr
