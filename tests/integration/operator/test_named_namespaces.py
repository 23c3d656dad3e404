"""The operator in named namespaces, by Roles in these and no right anywhere else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from consortium_operator.kube.kinds import NAMESPACE, SERVICE
from consortium_sandbox import Sandbox, tool_path
from tests.api_server import Api
from tests.charts import NAMESPACE as OPERATOR_NAMESPACE
from tests.charts import Chart, only, parse
from tests.golden import check_golden
from tests.integration.operator.conftest import leaks_of
from tests.integration.operator.support.chain import Chain
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.waiting import wait_until
from tests.kubectl import Kubectl, as_list, eventually
from tests.recorder import Recorder

NEVER_MADE = "named-never-made"


@pytest.fixture(scope="module")
def places(api: Api, recorder: Recorder) -> Iterator[list[str]]:
    """Two namespaces that the operator is given, and one that it is not."""
    version = api.version("default")
    names = [f"named-{version}-{which}" for which in ("one", "two", "other")]
    for name in names:
        api.create_namespace(name, {"pod-security.kubernetes.io/enforce": "restricted"})
    yield names
    broken = [one for name in names for one in recorder.violations(name)]
    for name in names:
        api.delete(NAMESPACE, "", name)
    assert not broken, "\n".join(broken)


@pytest.fixture(scope="module")
def person(control_plane: Sandbox) -> Kubectl:
    return Kubectl(control_plane.kubeconfig)


@pytest.fixture(scope="module")
def service_account(person: Kubectl, places: list[str]) -> str:
    """The chart's, for the namespaced scope: it has Roles and their bindings, and nothing else."""
    values = {"scope": "Namespaced", "chainNamespaces": places[:2]}
    objects = parse(Chart(tool_path("helm")).text(values, release="named"))
    kinds = ("ServiceAccount", "Role", "RoleBinding")
    wanted = [one for one in objects if one["kind"] in kinds]
    person("apply", "--server-side", "--filename=-", stdin=as_list(*wanted))
    name: str = only(objects, "ServiceAccount")["metadata"]["name"]
    return name


@pytest.fixture(scope="module")
def operator(
    person: Kubectl,
    service_account: str,
    places: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OperatorProcess]:
    config = yaml.safe_load(person.kubeconfig.read_text())
    token = person("create", "token", service_account, f"--namespace={OPERATOR_NAMESPACE}").strip()
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    directory: Path = tmp_path_factory.mktemp("named")
    kubeconfig = directory / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    can_list = ("get", "cchain", f"--namespace={places[1]}")
    eventually(lambda: Kubectl(kubeconfig).attempt(*can_list).returncode == 0)
    named = [f"--namespace={name}" for name in (*places[:2], NEVER_MADE)]
    process = OperatorProcess(kubeconfig, directory, options=named)
    process.start()
    yield process
    assert process.stop() == 0, process.log()


def test_it_founds_chains_in_each_of_them_and_hears_of_no_other(
    api: Api, places: list[str], operator: OperatorProcess
) -> None:
    """A namespace that is named and does not exist stops nothing."""
    chains = [Chain(api, name, operator.log) for name in places]
    elsewhere = chains.pop()
    elsewhere.create()
    for chain in chains:
        chain.create()
    for chain in chains:
        chain.wait_founded()
    assert elsewhere.children() == []
    assert "observedGeneration" not in elsewhere.resource()["status"]
    assert leaks_of(api, places, operator) == []


def test_it_repairs_what_somebody_deletes(
    api: Api, places: list[str], operator: OperatorProcess
) -> None:
    chain = Chain(api, places[0], operator.log, name="repaired")
    chain.found()
    lost = chain.children(SERVICE)[0]
    name, uid = lost["metadata"]["name"], lost["metadata"]["uid"]
    api.delete(SERVICE, chain.namespace, name)
    wait_until(
        lambda: (chain.get(SERVICE, name) or lost)["metadata"]["uid"] != uid,
        "the Service is back",
        chain.report,
    )


@pytest.mark.parametrize(("number", "golden"), [(0, "can-i-named"), (2, "can-i-named-elsewhere")])
def test_all_that_it_may_do_was_reviewed(
    person: Kubectl, service_account: str, places: list[str], number: int, golden: str
) -> None:
    """In one of its namespaces, and in another one."""
    operator = Kubectl(
        person.kubeconfig, f"system:serviceaccount:{OPERATOR_NAMESPACE}:{service_account}"
    )
    listed = operator("auth", "can-i", "--list", f"--namespace={places[number]}")
    title, *lines = (line.rstrip() for line in listed.splitlines())
    check_golden(f"chart/{golden}.txt", "\n".join([title, *sorted(lines)]) + "\n")
