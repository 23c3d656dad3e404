"""Real pods on a real cluster, with the operator put there by its chart.

One cluster and one operator for all tests. Each module has a namespace of its own that enforces
Pod Security restricted; tests that only look share the chain `quickstart`. Everything that happens
is recorded, and each namespace is judged before it goes (`support/aftermath.py`).
"""

import secrets
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import yaml

from consortium_sandbox import Sandbox, tool_path
from consortium_sandbox.progress import Plain
from tests.api_server import Api
from tests.charts import CHART, NAMESPACE, RELEASE, Chart
from tests.e2e.support.aftermath import Aftermath
from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.host import tell
from tests.e2e.support.hung import Hung, left_behind
from tests.kubectl import Kubectl, as_list
from tests.recorder import Recorder
from tests.resources import QUICKSTART_FILE

_HERE = Path(__file__).parent
# Whose tests kill the operator.
_UNSETTLING = frozenset(
    [
        "by_hand",
        "certificates",
        "changes",
        "governance",
        "membership",
        "operator",
        "upgrades",
        "volumes",
    ]
)
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.e2e)
            # Without the fixtures: the first cluster of a machine has its programs built.
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(300, func_only=True))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """What was begun first is looked at as late as can be: when most of its wait is over, and
    before machines are to be empty, which they are not until each chain has all its nodes."""
    module = item.path.stem.removeprefix("test_")
    if module == "maintenance":
        return 3
    if "hung_early" in _fixtures(item):
        return 2
    return int(module in _UNSETTLING)


def _fixtures(item: pytest.Item) -> frozenset[str]:
    return frozenset(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def kubectl(cluster: Sandbox) -> Kubectl:
    return Kubectl(cluster.kubeconfig)


@pytest.fixture(scope="session")
def operator(cluster: Sandbox, kubectl: Kubectl) -> str:
    """The operator runs, and knows the image of the stand-in node. Its deployment's name."""
    with tempfile.TemporaryDirectory() as directory:
        images = cluster.build_images(Path(directory), Plain())
        reference = cluster.load_image(images.operator.archive)
        catalogue = {
            version: cluster.load_image(image.archive) for version, image in images.stand_in.items()
        }
    repository, _, digest = reference.partition("@")
    values = {
        "chainNamespaces": ["*"],
        "image": {"repository": repository, "digest": digest},
        "imageCatalogue": catalogue,
        "logLevel": "debug",
    }
    metadata = {"name": NAMESPACE, "labels": RESTRICTED}
    kubectl(
        *("apply", "--server-side", "--filename=-"),
        stdin=as_list({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),
    )
    Chart(tool_path("helm")).run(
        *("upgrade", "--install", RELEASE, str(CHART), f"--namespace={NAMESPACE}"),
        f"--kubeconfig={kubectl.kubeconfig}",
        values=values,
    )
    rollout = ("rollout", "status", f"deployment/{RELEASE}", f"--namespace={NAMESPACE}")
    kubectl(*rollout, "--timeout=50s")
    return RELEASE


@pytest.fixture(scope="session")
def aftermath(kubectl: Kubectl, operator: str) -> Iterator[Aftermath]:
    with closing(Api(kubectl.kubeconfig)) as api, Recorder(api) as recorder:
        yield Aftermath(kubectl, recorder)


@contextmanager
def namespace_for(kubectl: Kubectl, aftermath: Aftermath, purpose: str) -> Iterator[str]:
    """A new name each time: a cluster that is kept may still be deleting the last one."""
    name = f"e2e-{purpose}-{secrets.token_hex(2)}"
    metadata = {"name": name, "labels": RESTRICTED}
    kubectl(
        *("create", "--filename=-"),
        stdin=as_list({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),
    )
    try:
        yield name
        aftermath.check(name)
    finally:
        kubectl("delete", "namespace", name, "--wait=false")


def quickstart_in(namespace: str) -> Body:
    """examples/quickstart.yaml, elsewhere and with another chain id."""
    manifest: Body = yaml.safe_load(QUICKSTART_FILE.read_text("utf-8"))
    manifest["metadata"]["namespace"] = namespace
    manifest["spec"]["chainId"] = namespace.replace("-", "")
    return manifest


@pytest.fixture(scope="session")
def founding(kubectl: Kubectl, aftermath: Aftermath) -> Iterator[Chain]:
    """The chain `quickstart`, which need not be ready yet."""
    with namespace_for(kubectl, aftermath, "quickstart") as namespace:
        chain = Chain(kubectl, quickstart_in(namespace))
        chain.apply()
        yield chain


@pytest.fixture(scope="session")
def quickstart(founding: Chain) -> Chain:
    """A chain that is ready, for tests that leave it as it is."""
    founding.wait_ready()
    return founding


@pytest.fixture(scope="session")
def chains(kubectl: Kubectl, aftermath: Aftermath) -> Iterator["Chains"]:
    with ExitStack() as stack:
        yield Chains(kubectl, aftermath, stack)


class Chains:
    """To found a chain takes ten seconds or more. So tests that hurt one hand it on when it has
    healed, which is what they are about."""

    def __init__(self, kubectl: Kubectl, aftermath: Aftermath, stack: ExitStack) -> None:
        self._kubectl, self._aftermath, self._stack = kubectl, aftermath, stack
        self._latest: Chain | None = None
        self._is_used = False

    def begin(self) -> Chain:
        """Another one, which need not be ready yet."""
        namespace = namespace_for(self._kubectl, self._aftermath, "own")
        chain = Chain(self._kubectl, quickstart_in(self._stack.enter_context(namespace)))
        chain.apply()
        self._latest, self._is_used = chain, False
        return chain

    def one_that_is_ready(self) -> Chain:
        """As the example has it, whatever was done to it before."""
        chain = self._latest or self.begin()
        if self._is_used and not self._is_as_new(chain):
            chain = self.begin()
        chain.wait_ready()
        self._is_used = True
        return chain

    @staticmethod
    def _is_as_new(chain: Chain) -> bool:
        chain.apply()
        try:
            chain.wait_ready()
        except AssertionError:
            return False
        return True


@pytest.fixture
def own_chain(chains: Chains) -> Chain:
    """A chain that is ready, for a test that hurts it."""
    return chains.one_that_is_ready()


@pytest.fixture(scope="session", autouse=True)
def begun_early(request: pytest.FixtureRequest) -> None:
    """What is nothing but waiting begins before all tests, whichever looks at it: three chains
    that are founded at once take hardly longer than one."""
    used = frozenset[str]().union(*map(_fixtures, request.session.items))
    if "own_chain" in used:
        request.getfixturevalue("chains").begin()
    for name in ("founding", "hung_early"):
        if name in used:
            request.getfixturevalue(name)


@pytest.fixture(scope="session")
def hung_early(kubectl: Kubectl, aftermath: Aftermath) -> Iterator[Hung]:
    """A chain with a node whose process was stopped when the tests began."""
    with namespace_for(kubectl, aftermath, "hung") as namespace:
        chain = Chain(kubectl, quickstart_in(namespace))
        chain.apply()
        chain.wait_ready()
        pod = chain.get("pod", "quickstart-east-port-ningbo-0-0")
        tell(pod, signal.SIGSTOP)
        yield left_behind(chain, "east-port/ningbo-0", pod)
