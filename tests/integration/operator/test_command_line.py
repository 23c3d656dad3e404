"""What people and pipelines read beside the operator, on a real API server: what its defaults and
its refusals do to the commands."""

import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, DEPLOYMENT, SECRET
from consortium_sandbox import Sandbox, tool_path
from tests.api_server import Api, Body, Refused
from tests.charts import NAMESPACE as OPERATOR_NAMESPACE
from tests.charts import RELEASE, Chart, only
from tests.integration.operator.conftest import Namespaces
from tests.integration.operator.support.chain import Chain
from tests.integration.operator.support.process import OperatorProcess
from tests.kubectl import Kubectl
from tests.leaks import Scanner
from tests.unit.cli.commands import Done, consortium

Say = Callable[..., Done]


@pytest.fixture(scope="module")
def chain(api: Api, namespaces: Namespaces, operator: OperatorProcess) -> Chain:
    chain = Chain(api, namespaces.make(), operator.log)
    chain.found()
    return chain


@pytest.fixture
def say(chain: Chain, control_plane: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Say:
    """By the cluster's administrator, in the chain's namespace."""
    monkeypatch.setenv("KUBECONFIG", str(control_plane.kubeconfig))
    return lambda *words: consortium(*words, "--namespace", chain.namespace)


@pytest.fixture
def installed(api: Api) -> Iterator[None]:
    """The operator's Deployment, of no pods: no node could run one."""
    made = only(Chart(tool_path("helm")).objects(), "Deployment")
    made["spec"]["replicas"] = 0
    api.apply(DEPLOYMENT, OPERATOR_NAMESPACE, made)
    yield
    with suppress(Refused):
        api.delete(DEPLOYMENT, OPERATOR_NAMESPACE, RELEASE)


@pytest.fixture
def stranger(
    chain: Chain, control_plane: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Say:
    """By an account that may do nothing."""
    config = yaml.safe_load(control_plane.kubeconfig.read_text())
    kubectl = Kubectl(control_plane.kubeconfig)
    token = kubectl("create", "token", "default", f"--namespace={chain.namespace}").strip()
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    path = tmp_path / "stranger"
    path.write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(path))
    return lambda *words: consortium(*words, "--namespace", chain.namespace)


def findings(done: Done) -> dict[tuple[str, str], Any]:
    return {(one["check"], one["severity"]): one for one in done.json}


def test_the_doctor_knows_this_server_its_crd_and_the_rights_of_both(
    say: Say, installed: None
) -> None:
    found = findings(say("doctor", "-o", "json"))
    for check in ("server", "crd", "clocks", "addresses", "pod-security", "operator's rights"):
        assert (check, "ok") in found, check
    assert "no pod of it is ready" in found["operator", "error"]["message"]
    assert "certificates" in found["your rights", "ok"]["message"]


def test_to_a_stranger_nearly_everything_is_unknown_and_nothing_wrong(stranger: Say) -> None:
    done = stranger("doctor", "-o", "json")
    assert done.code == 0, done.stdout
    found = findings(done)
    assert {severity for _, severity in found} == {"ok", "unknown"}
    assert "you may not get consortiumchains" in json.dumps(done.json)


@pytest.mark.parametrize("command", ["status", "diff", "report", "certificates", "logs"])
def test_to_a_stranger_every_other_command_says_what_to_ask_for(
    stranger: Say, chain: Chain, command: str
) -> None:
    done = stranger(command, chain.name)
    assert done.code == (2 if command == "diff" else 1)
    assert "kubectl auth can-i" in done.stderr


def test_what_the_server_makes_of_the_operators_objects_is_no_difference(
    say: Say, chain: Chain
) -> None:
    found = say("diff", chain.name, "-o", "json").json
    assert found["cluster"] == []


def test_an_edit_is_shown_before_it_is_applied(
    say: Say, chain: Chain, api: Api, tmp_path: Path
) -> None:
    file = tmp_path / "chain.yaml"
    file.write_text(yaml.safe_dump(edited(api, chain, podLabels={"team": "ledger"})))
    done = say("diff", chain.name, "--file", file)
    assert done.code == 1
    assert 'team: absent → "ledger"' in done.stdout
    assert f"~ StatefulSet {chain.name}-" in done.stdout


def edited(api: Api, chain: Chain, **defaults: Any) -> Body:
    body = api.get(CONSORTIUM_CHAIN, chain.namespace, chain.name)
    assert body is not None
    metadata = {"name": chain.name, "namespace": chain.namespace}
    spec = body["spec"] | {"nodeDefaults": defaults}
    return {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": metadata} | {
        "spec": spec
    }


def test_no_key_of_the_chain_is_in_its_report(
    say: Say, chain: Chain, api: Api, tmp_path: Path
) -> None:
    path = tmp_path / "report.tar.gz"
    done = say("report", chain.name, "--file", path)
    assert done.code == 0, done.stderr
    scanner = Scanner(api.all(SECRET, chain.namespace))
    assert scanner.keys
    with tarfile.open(path) as archive:
        files = {one.name: archive.extractfile(one) for one in archive}
        texts = {name: file.read().decode() for name, file in files.items() if file is not None}
    assert f"{chain.name}-report/objects/ConfigMap/{chain.name}-genesis.yaml" in texts
    assert [leak for name, text in texts.items() for leak in scanner.scan(text, name)] == []


def test_status_without_live_values_still_tells_what_is_waited_for(say: Say, chain: Chain) -> None:
    done = say("status", chain.name)
    assert done.code == 0
    assert "not Ready" in done.stdout
