"""`consortium render` as a user meets it; what it renders is proved in tests/unit/offline."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from consortium_operator.engines.registry import ENGINES
from tests import chains
from tests.campaigns import few_of
from tests.resources import QUICKSTART_FILE, REPOSITORY
from tests.unit.cli.commands import Done, consortium

pytestmark = pytest.mark.usefixtures("pooled_keys")

IMAGE = {"repository": "registry.example/fisco-bcos", "tag": "v3.16.4"}
ONE = chains.resource(chains.member("webank"), image=IMAGE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "chain.yaml"
    path.write_text(yaml.safe_dump(ONE))
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def refused(done: Done, code: int, out: Path) -> str:
    assert done.code == code
    assert done.stdout == ""
    assert not out.exists()
    assert [path for path in out.parent.iterdir() if path.name != "chain.yaml"] == []
    return done.stderr


def test_a_chain_is_rendered_and_summed_up(file: Path, out: Path) -> None:
    done = consortium("render", "-f", file, "-o", out)
    assert done.code == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"chains/trade is in {out}, files: manifests/ ")
    assert lines[1] == "keys made: 7"
    assert re.fullmatch(r"genesis sha256: [0-9a-f]{64}", lines[2])
    assert lines[3] == "quorum: 1 of 1 for a block, 0 may fail"
    assert "webank/node-0" in done.stdout
    assert {path.name for path in out.iterdir()} == {"manifests", "secrets", "render.json"}


def test_json_and_standard_input_are_fine_too(file: Path, out: Path, tmp_path: Path) -> None:
    body = json.dumps(ONE, indent="\t")
    identities = f"--identities={tmp_path / 'identities'}"
    (tmp_path / "chain.json").write_text(body)
    assert consortium("render", "-f", tmp_path / "chain.json", "-o", out, identities).code == 0
    done = consortium("render", "-f", "-", "-o", tmp_path / "two", identities, stdin=body)
    assert done.code == 0
    for path in out.rglob("*.yaml"):
        assert (tmp_path / "two" / path.relative_to(out)).read_bytes() == path.read_bytes()


def test_the_second_render_finds_everything(file: Path, out: Path) -> None:
    consortium("render", "-f", file, "-o", out)
    done = consortium("render", "-f", file, "-o", out)
    assert "(nothing has changed)" in done.stdout
    assert "keys made: none, all were there" in done.stdout


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_programs_get_a_summary(file: Path, out: Path, form: str) -> None:
    words = ["render", "-f", file, "-o", out, "--format", form, "--standalone=[::1]:1"]
    found: dict[str, Any] = consortium(*words).yaml
    (node,) = found["nodes"]
    assert found["chain"] == "chains/trade"
    assert found["changed"] is True
    assert found["quorum"] == {"totalWeight": 1, "required": 1, "mayFail": 0}
    assert node["directory"] == "nodes/::1/node0"
    assert (node["p2p"], node["rpc"]) == ("[::1]:30300", "[::1]:20200")
    assert (out / node["directory"] / "config.ini").is_file()


def test_no_private_key_is_ever_printed(file: Path, out: Path) -> None:
    done = consortium("render", "-f", file, "-o", out, "--standalone", "127.0.0.1")
    told = done.stdout + done.stderr
    for path in (out / "secrets").iterdir():
        for text in yaml.safe_load(path.read_text())["data"].values():
            assert text[80:110] not in told
    assert "PRIVATE KEY" not in told


def test_a_whole_standalone_directory(tmp_path: Path, out: Path) -> None:
    (tmp_path / "chain.yaml").write_text(yaml.safe_dump(chains.resource(image=IMAGE)))
    words = ["--standalone=a.example:3", "--standalone=192.0.2.1", "--p2p-port=31000"]
    done = consortium("render", "-f", tmp_path / "chain.yaml", "-o", out, *words)
    assert done.code == 0
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    member = {name for name in names if "webank" in name and not name.startswith(("man", "sec"))}
    assert member == {
        *("ca/webank/ca.crt", "ca/webank/ca.key"),
        *("ca/webank/client-ca.crt", "ca/webank/client-ca.key"),
        *("sdk/webank/ca.crt", "sdk/webank/sdk.crt", "sdk/webank/sdk.key"),
    }
    node = {name.removeprefix("nodes/192.0.2.1/") for name in names if "192.0.2.1/" in name}
    trusted = {name for name in node if "multiCaPath" in name}
    assert node - trusted == {
        *("node0/config.ini", "node0/config.genesis", "node0/nodes.json"),
        *("node0/conf/ca.crt", "node0/conf/ssl.crt", "node0/conf/ssl.key", "node0/conf/node.pem"),
        *("node0/conf/node.nodeid", "node0/conf/ssl.nodeid"),
    }
    assert len(trusted) == 4
    private = {name for name in names if (out / name).stat().st_mode & 0o077 == 0}
    assert private == {
        name for name in names if name.endswith((".key", ".pem")) or name.startswith("secrets/")
    }
    # What an SDK trusts signed the member's nodes, and its own certificate is of the client CA.
    sdk = out / "sdk/webank"
    assert (sdk / "ca.crt").read_bytes() == (out / "ca/webank/ca.crt").read_bytes()
    verify("ca/webank/client-ca.crt", "sdk/webank/sdk.crt", out)
    verify("ca/webank/ca.crt", "nodes/192.0.2.1/node0/conf/ssl.crt", out)


def test_the_web3_port_of_each_node_is_shown(tmp_path: Path, out: Path) -> None:
    opened = chains.resource(image=IMAGE, fiscoBcos={"web3Rpc": {"enabled": True, "port": 9000}})
    (tmp_path / "chain.yaml").write_text(yaml.safe_dump(opened))
    words = ["render", "-f", tmp_path / "chain.yaml", "-o", out, "--standalone=192.0.2.1:4"]
    done = consortium(*words)
    assert done.code == 0
    (head,) = (line for line in done.stdout.splitlines() if line.startswith("Node "))
    assert head.split("  ")[-1] == "Web3 RPC"
    for number in range(4):
        assert f"192.0.2.1:{20200 + number}  192.0.2.1:{9000 + number}\n" in done.stdout
    clashing = consortium(*words, "--rpc-port=8998")
    assert clashing.code != 0
    assert "the rpc ports begin at 8998, the web3 ports at 9000" in clashing.stderr


def verify(authority: str, leaf: str, out: Path) -> None:
    words = ["openssl", "verify", "-x509_strict", "-no-CApath", "-CAfile", authority, leaf]
    subprocess.run(words, cwd=out, check=True, capture_output=True)


# The operator's installation.


def test_the_catalogue_and_the_namespace_of_the_operator_can_be_given(
    tmp_path: Path, out: Path
) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text('"3.16.4": registry.example/node@sha256:' + "0" * 64 + "\n")
    words = ["render", "-f", QUICKSTART_FILE, "-o", out]
    words += [f"--image-catalogue={catalogue}", "--operator-namespace=ops"]
    done = consortium(*words)
    assert (done.code, done.stderr) == (0, "")
    texts = "".join(path.read_text() for path in sorted((out / "manifests").iterdir()))
    assert texts.count("registry.example/node@sha256:") == 4
    assert "kubernetes.io/metadata.name: ops" in texts


def test_a_catalogue_that_is_no_text_is_told_in_plain_words(tmp_path: Path, out: Path) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_bytes(b"\xff\xfe")
    words = ["render", "-f", QUICKSTART_FILE, "-o", out, f"--image-catalogue={catalogue}"]
    done = consortium(*words)
    assert (done.code, out.exists()) == (2, False)
    assert "not UTF-8: save it as UTF-8" in done.stderr


def test_a_catalogue_that_lacks_the_version_is_an_error_as_it_is_for_the_operator(
    tmp_path: Path, out: Path
) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text("{}")
    words = ["render", "-f", QUICKSTART_FILE, "-o", out, f"--image-catalogue={catalogue}"]
    done = consortium(*words)
    assert done.code == 1
    assert "spec.image: no image is known for version 3.16.4" in done.stderr
    assert not out.exists()


def test_an_image_that_nobody_names_is_assumed_and_said(out: Path) -> None:
    done = consortium("render", "-f", QUICKSTART_FILE, "-o", out)
    assert done.code == 0
    image = ENGINES["FiscoBcos"].public_image("3.16.4")
    assert f"the StatefulSets name {image}" in done.stderr
    (text, *_) = [path.read_text() for path in (out / "manifests").glob("statefulset-*")]
    assert f"image: {image}\n" in text


# Errors: with the next step, and nothing written.


def test_an_invalid_file_is_refused_with_all_its_errors(file: Path, out: Path) -> None:
    file.write_text(yaml.safe_dump(chains.resource(paused=1, hibernated=2)))
    told = refused(consortium("render", "-f", file, "-o", out), 1, out)
    assert "spec.paused: " in told
    assert "spec.hibernated: " in told


def test_a_file_with_two_chains_is_refused(file: Path, out: Path) -> None:
    other = chains.resource(name="other", chainId="other")
    file.write_text(yaml.safe_dump_all([ONE, other]))
    told = refused(consortium("render", "-f", file, "-o", out), 1, out)
    assert "holds 2 chains" in told


def test_a_directory_of_somebody_else_is_left_alone(file: Path, out: Path) -> None:
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    done = consortium("render", "-f", file, "-o", out)
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {out} is not empty and no render made it: name another directory\n"
    )
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


def test_lost_identities_are_told_as_the_operator_tells_them(
    file: Path, out: Path, tmp_path: Path
) -> None:
    home = tmp_path / "identities"
    consortium("render", "-f", file, "-o", out, "--identities", home)
    (home / "secrets" / "trade-webank-node-0-identity.yaml").unlink()
    done = consortium("render", "-f", file, "-o", tmp_path / "two", "--identities", home)
    assert done.code == 1
    assert "is gone and is never made anew" in done.stderr
    assert "(NodeKeyMissing)" in done.stderr
    assert not (tmp_path / "two").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--standalone=a:2"], "the counts must add up to 1"),
        (["--standalone=a", "--standalone=b"], "say how many each gets"),
        (["--standalone=a:1", "--standalone=a:1"], "is named twice"),
        (["--standalone=x y", "--standalone=::1"], "--standalone: '::1'"),
        (["--standalone=a", "--p2p-port=80"], "the p2p port 80 must be 1025 to 65535"),
        (["--standalone=a", "--rpc-port=30300"], "would use some ports twice"),
        (["--rpc-port=20201"], "need --standalone"),
        (["--image-catalogue=/nowhere"], "--image-catalogue: /nowhere"),
        (["--p2p-port=x"], "p2p-port"),
        (["--wings"], "--wings"),
    ],
)
def test_a_wrong_command_line_exits_with_2(
    file: Path, out: Path, words: list[str], told: str
) -> None:
    message = refused(consortium("render", "-f", file, "-o", out, *words), 2, out)
    assert told in " ".join(re.sub(r"[│╭╮╰╯─]", " ", message).split())


def test_a_file_that_is_not_there_exits_with_2(out: Path) -> None:
    done = consortium("render", "-f", "/nowhere/at/all", "-o", out)
    assert done.code == 2
    assert done.stderr == "error: /nowhere/at/all: no such file or directory\n"


def test_a_directory_that_cannot_be_made_is_an_error(file: Path, tmp_path: Path) -> None:
    done = consortium("render", "-f", file, "-o", file / "out")
    assert done.code == 1
    assert "nothing was rendered" in done.stderr


@pytest.mark.parametrize("encoding", few_of(["utf-8", "latin-1"], quick=["latin-1"]))
def test_it_works_without_colour_without_a_terminal_and_in_any_encoding(
    file: Path, out: Path, encoding: str
) -> None:
    """As a pipeline runs it: by itself, and with no locale."""
    words = [sys.executable, "-m", "consortium_operator.cli.main", "render"]
    environment = {
        "PYTHONPATH": str(REPOSITORY / "operator"),
        "PATH": os.environ["PATH"],
        "LC_ALL": "C",
        "PYTHONIOENCODING": encoding,
    }
    done = subprocess.run(
        [*words, "-f", str(file), "-o", str(out)], env=environment, capture_output=True, check=True
    )
    assert b"\x1b" not in done.stdout + done.stderr
    assert ("…" if encoding == "utf-8" else "?") in done.stdout.decode(encoding)


def test_a_render_that_is_ended_half_way_leaves_nothing_behind(file: Path, out: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from consortium_operator.cli import main\n"
        "from consortium_operator.offline import output\n"
        "write, written = output.write_new, []\n"
        "def ended(path, file):\n"
        "    write(path, file)\n"
        "    written.append(path)\n"
        "    if len(written) == 9:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "output.write_new = ended\n"
        "main.main()\n"
    )
    words = [sys.executable, "-c", script, "render", "-f", str(file), "-o", str(out)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "operator")}
    done = subprocess.run(words, env=environment, capture_output=True, check=False)
    assert done.returncode == 128 + 15
    assert [path.name for path in out.parent.iterdir()] == ["chain.yaml"]
