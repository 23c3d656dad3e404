"""`consortium inspect`: one file, or all that a directory holds."""

import base64
from pathlib import Path

import pytest
import yaml

from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from tests.unit.cli.commands import consortium
from tests.unit.engines.fisco_bcos import rendered

ENGINE = FiscoBcos()


@pytest.fixture
def genesis(tmp_path: Path) -> Path:
    path = tmp_path / "config.genesis"
    path.write_text(rendered.seal(rendered.plan()).text)
    return path


def test_a_genesis_is_shown_with_its_sha256_and_its_quorum(genesis: Path) -> None:
    done = consortium("inspect", genesis)
    assert done.code == 0
    assert done.stdout.startswith("config.genesis: genesis\n")
    assert rendered.seal(rendered.plan()).sha256 in done.stdout
    assert "    required:    3\n" in done.stdout
    assert "    grouID: group0\n" in done.stdout


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_programs_get_the_same(genesis: Path, form: str) -> None:
    (found,) = consortium("inspect", genesis, "-o", form).yaml
    assert (found["path"], found["kind"], found["problems"]) == ("config.genesis", "genesis", [])
    assert found["facts"]["quorum"] == {"totalWeight": 4, "required": 3, "mayFail": 1}


def test_a_directory_is_shown_with_all_below_it_in_order(genesis: Path) -> None:
    key = genesis.parent / "conf" / "node.pem"
    key.parent.mkdir()
    key.write_bytes(ENGINE.new_node_key()["node.pem"])
    (genesis.parent / "README").write_text("nothing of ours")
    done = consortium("inspect", genesis.parent, "-o", "json")
    assert done.code == 0
    assert [one["path"] for one in done.json] == ["conf/node.pem", "config.genesis"]


def test_a_private_key_is_shown_by_its_public_side_alone(tmp_path: Path) -> None:
    content = ENGINE.new_node_key()["node.pem"]
    (tmp_path / "node.pem").write_bytes(content)
    for form in ("table", "json", "yaml"):
        shown = consortium("inspect", tmp_path, "-o", form).stdout
        assert "nodeId" in shown
        body = b"".join(content.splitlines()[1:-1]).decode()
        assert not any(body[i : i + 16] in shown for i in range(0, len(body) - 16, 4))


def test_manifests_are_looked_into(tmp_path: Path) -> None:
    key = ENGINE.new_node_key()["node.pem"]
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "trade-webank-node-0-identity"},
        "data": {"node.pem": base64.b64encode(key).decode()},
    }
    peers = {"kind": "ConfigMap", "metadata": {"name": "p"}, "data": {"nodes.json": '{"nodes":[]}'}}
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all([secret, peers]))
    done = consortium("inspect", tmp_path / "all.yaml", "-o", "json")
    assert [one["path"] for one in done.json] == [
        "all.yaml:p/nodes.json",
        "all.yaml:trade-webank-node-0-identity/node.pem",
    ]


def test_what_is_wrong_is_shown_and_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "nodes.json").write_text('{"nodes":["a:80"]}')
    done = consortium("inspect", tmp_path / "nodes.json")
    assert done.code == 1
    assert "  problem: a:80: the port must be 1025 to 65535\n" in done.stdout


def test_what_nobody_knows_exits_with_1_and_says_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("hello")
    for path in (tmp_path, tmp_path / "README"):
        done = consortium("inspect", path)
        assert done.code == 1
        assert "neither a certificate nor a key, genesis, config.ini or nodes.json" in done.stderr


def test_a_path_that_is_not_there_exits_with_2(tmp_path: Path) -> None:
    done = consortium("inspect", tmp_path / "none")
    assert (done.code, done.stdout) == (2, "")
    assert "no such file or directory" in done.stderr


def test_links_out_of_a_directory_are_not_followed(genesis: Path) -> None:
    inner = genesis.parent / "inner"
    inner.mkdir()
    (inner / "link").symlink_to(genesis)
    assert consortium("inspect", inner).code == 1


def test_a_terminal_is_shown_nothing_that_it_would_obey(tmp_path: Path) -> None:
    (tmp_path / "nodes.json").write_text('{"nodes":["\\u001b[2J:30300"]}')
    assert "\x1b" not in consortium("inspect", tmp_path).stdout
