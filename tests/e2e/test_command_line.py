"""The command line beside a running chain, by a person's own rights."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.support.chain import Chain
from tests.e2e.support.sdk import sdk_identity
from tests.resources import REPOSITORY

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
