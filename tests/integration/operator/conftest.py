"""The operator as a real process against a real API server with its controllers and no nodes.

It always runs as the chart's ServiceAccount, by a token, and each test's namespace has the chart's
RoleBinding: whatever works here works with the least rights. No pod ever runs, so that a founding
ends where the pods wait; everything about objects is true.
"""

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, NAMESPACE, SECRET
from consortium_operator.kube.nesting import read_deep_objects
from consortium_sandbox import Sandbox, tool_path
from tests.api_server import (
    CHILDREN,
    EVERYTHING,
    ROLE_BINDING,
    Api,
    Body,
)
from tests.charts import NAMESPACE as OPERATOR_NAMESPACE
from tests.charts import RELEASE, Chart, of_kind
from tests.integration.operator.support.chain import Chain
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.proxy import FaultProxy
from tests.integration.operator.support.zygote import Zygote
from tests.invariants import violations
from tests.kubectl import Kubectl, as_list, eventually, install_crd
from tests.leaks import Scanner
from tests.recorder import Recorder

_HERE = Path(__file__).parent
_numbers = itertools.count(1)
_APPLY = ("apply", "--server-side", "--force-conflicts", "--filename=-")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.integration)
            # Without the fixtures: the first control plane of a machine has its programs built.
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(120, func_only=True))


@pytest.fixture(scope="session", autouse=True)
def _deep_objects() -> None:
    """What a test writes, its recorder has to read."""
    read_deep_objects()


@pytest.fixture(scope="session")
def recorder(control_plane: Sandbox, account: "Account") -> Iterator[Recorder]:
    with closing(Api(control_plane.kubeconfig)) as api, Recorder(api) as recorder:
        yield recorder


@dataclass(frozen=True)
class Account:
    """The chart's ServiceAccount: how it logs in, and the binding that a namespace needs."""

    kubeconfig: Path
    binding: Body


@pytest.fixture(scope="session")
def api(control_plane: Sandbox) -> Iterator[Api]:
    with closing(Api(control_plane.kubeconfig)) as api:
        yield api


@pytest.fixture(scope="session")
def account(control_plane: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """The chart is installed, but for the Deployment: there is no node that could run it."""
    kubectl = Kubectl(control_plane.kubeconfig)
    objects = Chart(tool_path("helm")).objects(chainNamespaces=["anywhere"], replicas=2)
    binding = next(
        one for one in of_kind(objects, "RoleBinding") if one["metadata"]["namespace"] == "anywhere"
    )
    elsewhere = ("Deployment", "Pod", "CustomResourceDefinition")
    installed = [one for one in objects if one["kind"] not in elsewhere and one != binding]
    system = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OPERATOR_NAMESPACE}}
    install_crd(control_plane.kubeconfig)
    kubectl(*_APPLY, stdin=as_list(system, *installed))
    # A cluster that was kept may still have the rights that `chainNamespaces: ["*"]` gives.
    kubectl("delete", "clusterrolebinding", binding["metadata"]["name"], "--ignore-not-found")
    config = yaml.safe_load(control_plane.kubeconfig.read_text())
    here = f"--namespace={OPERATOR_NAMESPACE}"
    token = kubectl("create", "token", RELEASE, here, "--duration=2h").strip()
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    path = tmp_path_factory.mktemp("account") / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    as_account = Kubectl(path)
    eventually(lambda: as_account.attempt("get", "cchain", "--all-namespaces").returncode == 0)
    return Account(path, binding)


@pytest.fixture(scope="module")
def operator(
    account: Account, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    """One process for a module; its tests may stop it, and leave it running."""
    process = OperatorProcess(account.kubeconfig, tmp_path_factory.mktemp("operator"))
    process.start()
    yield process
    if process.is_running():
        assert process.stop() == 0, process.log()


@pytest.fixture(scope="module")
def proxy(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultProxy]:
    """What a module's operator knows as the API server, if it is `proxied`."""
    with closing(FaultProxy(account.kubeconfig, tmp_path_factory.mktemp("proxy"))) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def proxied(
    proxy: FaultProxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    """An operator behind the proxy, which can kill it. It starts in a moment, and is not started
    yet."""
    with closing(Zygote(proxy.kubeconfig)) as zygote:
        directory = tmp_path_factory.mktemp("operator")
        process = OperatorProcess(proxy.kubeconfig, directory, zygote=zygote)
        proxy.kill = process.kill
        yield process
        if process.is_running():
            process.kill()


class Namespaces:
    """Makes namespaces for the tests of a module and removes them at its end."""

    def __init__(self, api: Api, account: Account) -> None:
        self._api, self._account = api, account
        self.made: list[str] = []

    def make(self, *, bound: bool = True) -> str:
        name = f"op-{next(_numbers)}-{self._api.version('default')}"
        self._api.create_namespace(name, {"pod-security.kubernetes.io/enforce": "restricted"})
        self.made.append(name)
        if bound:
            self.bind(name)
        return name

    def bind(self, namespace: str) -> None:
        """What the chart's value chainNamespaces does."""
        binding = copy.deepcopy(self._account.binding)
        binding["metadata"]["namespace"] = namespace
        self._api.apply(ROLE_BINDING, namespace, binding)

    def remove(self) -> None:
        """The chains at once: a namespace takes its time, and the operator would look at them."""
        for name in self.made:
            self._api.delete_all(CONSORTIUM_CHAIN, name)
            self._api.delete(NAMESPACE, "", name)


@pytest.fixture(scope="module")
def namespaces(
    api: Api, account: Account, operator: OperatorProcess, recorder: Recorder
) -> Iterator[Namespaces]:
    """At the end of each module: in all that happened no rule was broken, and no key material was
    left anywhere but in Secrets."""
    found = Namespaces(api, account)
    yield found
    try:
        broken = [one for namespace in found.made for one in recorder.violations(namespace)]
        assert not broken, "\n".join(broken)
        leaks = leaks_of(api, found.made, operator)
        assert not leaks, "\n".join(leaks)
    finally:
        found.remove()


def leaks_of(api: Api, namespaces: list[str], operator: OperatorProcess) -> list[str]:
    secrets = [obj for namespace in namespaces for obj in api.all(SECRET, namespace)]
    scanner = Scanner(secrets)
    found = scanner.scan(operator.log_file.read_text(errors="replace"), "the operator's log")
    for namespace in namespaces:
        for kind in EVERYTHING:
            if kind != SECRET:
                for obj in api.all(kind, namespace):
                    where = f"{kind} {namespace}/{obj['metadata']['name']}"
                    found += scanner.scan(json.dumps(obj, ensure_ascii=False), where)
    return [str(leak) for leak in found]


def violations_of(api: Api, namespace: str, since: str) -> list[str]:
    """What the operator did after version `since` that it never may (tests/invariants.py). The
    namespace's chains must be younger."""
    return violations(api.history(namespace, since, (CONSORTIUM_CHAIN, *CHILDREN)))


@pytest.fixture
def namespace(namespaces: Namespaces) -> str:
    return namespaces.make()


@pytest.fixture
def new_chain(
    api: Api, namespace: str, operator: OperatorProcess
) -> Iterator[Callable[..., Chain]]:
    """Makes chains (`Chain`), which are removed after the test: each one costs the operator a
    look every few seconds."""
    used = set()

    def make(where: str = namespace, **how: Any) -> Chain:
        used.add(where)
        return Chain(api, where, operator.log, **how)

    yield make
    for where in sorted(used):
        api.delete_all(CONSORTIUM_CHAIN, where)


NewChain = Callable[..., Chain]
