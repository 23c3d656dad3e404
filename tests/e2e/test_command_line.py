"""The command line beside a running chain, by a person's own rights."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from tests.e2e.support.chain import Chain
from tests.e2e.support.sdk import sdk_identity
from tests.kubectl import eventually
from tests.leaks import Scanner
from tests.resources import REPOSITORY
from tests.signals import DEFAULT_SIGNALS

CONSORTIUM = REPOSITORY / ".venv/bin/consortium"


def say(chain: Chain, *words: str) -> subprocess.CompletedProcess[str]:
    """`consortium WORDS`, for the chain's namespace."""
    environment = os.environ | {"KUBECONFIG": str(chain.kubectl.kubeconfig)}
    return subprocess.run(
        [CONSORTIUM, *words, chain.here],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )


def read(chain: Chain, *words: str) -> Any:
    done = say(chain, *words, "--output=json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_status_tells_every_node_and_what_is_not_as_it_should_be(quickstart: Chain) -> None:
    done = say(quickstart, "status", quickstart.name)
    assert done.returncode == 0, done.stderr
    for member in quickstart.status()["members"]:
        for node in member["nodes"]:
            shown = [line.split() for line in done.stdout.splitlines()]
            assert any(line[:2] == [member["name"], node["name"]] for line in shown)
    assert "Ready" in done.stdout


def test_a_chain_that_is_not_there_is_told_with_the_next_step(quickstart: Chain) -> None:
    done = say(quickstart, "status", "nobody")
    assert done.returncode == 1
    assert "nobody" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_certificate_is_found_in_public_objects(quickstart: Chain) -> None:
    found = json.dumps(read(quickstart, "certificates", quickstart.name))
    for kind in ("node-ca", "client-ca", "operator-client"):
        assert f"quickstart-webank-{kind}" in found
    assert "PRIVATE KEY" not in found


def test_the_logs_of_one_member_are_its_nodes(quickstart: Chain) -> None:
    done = say(quickstart, "logs", quickstart.name, "--member=webank", "--since=1h")
    assert done.returncode == 0, done.stderr
    assert "webank/shenzhen-0" in done.stdout
    assert "east-port" not in done.stdout


def test_the_picture_has_every_city(quickstart: Chain) -> None:
    done = say(quickstart, "topology", quickstart.name)
    assert done.returncode == 0, done.stderr
    for member in quickstart.manifest["spec"]["members"]:
        assert member["name"] in done.stdout


def test_an_application_gets_what_opens_its_members_nodes(
    quickstart: Chain, tmp_path: Path
) -> None:
    words = ("client-bundle", quickstart.name, "webank", f"--directory={tmp_path}")
    done = say(quickstart, *words)
    assert done.returncode == 0, done.stderr
    identity = sdk_identity(quickstart, "webank")
    files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert files["sdk.crt"] == identity.certificate
    assert files["sdk.key"] == identity.key
    assert files["ca.crt"] == identity.ca
    (key,) = tmp_path.rglob("sdk.key")
    assert key.stat().st_mode & 0o077 == 0


def test_nothing_differs_where_the_operator_is_done(quickstart: Chain) -> None:
    """Also after the API server, kubelets and the nodes themselves had their say."""
    done = say(quickstart, "diff", quickstart.name)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_doctor_finds_a_cluster_in_which_a_chain_can_live(quickstart: Chain) -> None:
    done = say(quickstart, "doctor", quickstart.name, "--output=json")
    found = {(one["check"], one["severity"]): one for one in json.loads(done.stdout)}
    assert done.returncode == 0, done.stdout
    for check in ("crd", "operator", "clocks", "dns", "storage", "operator's rights", "chain"):
        assert (check, "ok") in found, check
    assert "4 of 4 nodes run it" in found["image", "unknown"]["message"]


def test_a_report_holds_the_logs_of_every_node_and_no_key(
    quickstart: Chain, tmp_path: Path
) -> None:
    path = tmp_path / "report.tar.gz"
    done = say(quickstart, "report", quickstart.name, f"--file={path}", "--lines=200")
    assert done.returncode == 0, done.stderr
    secrets = quickstart.kubectl.get("secrets", quickstart.here)["items"]
    scanner = Scanner(secrets)
    assert scanner.keys
    with tarfile.open(path) as archive:
        texts = {
            entry.name: file.read().decode()
            for entry in archive
            if (file := archive.extractfile(entry)) is not None
        }
    logs = [text for name, text in texts.items() if "/logs/" in name]
    assert len(logs) >= len(quickstart.manifest["spec"]["members"])
    assert all(logs)
    assert [leak for name, text in texts.items() for leak in scanner.scan(text, name)] == []


def test_status_tells_heights_lag_peers_and_the_leader_of_this_moment(quickstart: Chain) -> None:
    def live() -> list[dict[str, Any]]:
        found = read(quickstart, "status", quickstart.name)
        assert found["notLive"] is None, found["notLive"]
        return [node for node in found["nodes"] if node["peers"] == len(found["nodes"]) - 1]

    eventually(lambda: len(live()) == 4)
    assert all(node["height"] > 0 and node["lag"] is not None for node in live())
    assert sum(node["isLeader"] for node in live()) <= 1


def test_a_status_that_is_watched_ends_on_ctrl_c_without_a_word(quickstart: Chain) -> None:
    """On a terminal, with the cursor given back."""
    main, terminal = pty.openpty()
    watching = subprocess.Popen(
        [*DEFAULT_SIGNALS, CONSORTIUM, "status", quickstart.name, "--watch", quickstart.here],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=os.environ | {"KUBECONFIG": str(quickstart.kubectl.kubeconfig), "TERM": "xterm"},
    )
    os.close(terminal)
    shown = b""
    while b"Ctrl-C ends" not in shown:
        shown += os.read(main, 1 << 16)
    watching.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
        while more := os.read(main, 1 << 16):
            shown += more
    assert watching.wait(30) == 0
    assert b"Traceback" not in shown
    assert shown.rstrip().endswith(b"\x1b[?25h")
