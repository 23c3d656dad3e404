"""The embedded cluster: `up` makes, heals and grows; `down` and Ctrl-C leave nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from consortium_sandbox import Sandbox, SandboxError
from consortium_sandbox.choice import VARIABLE
from consortium_sandbox.embedded import cgroups, processes
from tests.integration.sandbox.kubectl import Kubectl, eventually
from tests.integration.sandbox.manifests import SLEEP
from tests.signals import DEFAULT_SIGNALS, wait_until_it_catches

pytestmark = pytest.mark.integration

NAME = "test-life"
# For the command line, on machines with a Docker engine.
EMBEDDED = {**os.environ, VARIABLE: "embedded"}
# Directories outside the sandbox's own in which some program of a node insists on writing.
WATCHED = ("/run", "/run/netns", "/var/lib", "/var/lib/cni", "/var/log", "/opt", "/etc/cni")


@dataclass(frozen=True)
class Traces:
    """What of a sandbox a machine shows. Everything else on it may come and go meanwhile."""

    processes: frozenset[str]
    mounts: frozenset[str]
    interfaces: frozenset[str]
    namespaces: frozenset[str]
    routes: frozenset[str]
    cgroups: frozenset[str]
    files: frozenset[str]


def traces() -> Traces:
    """Everything on this machine that names the sandbox, or that only a sandbox makes."""

    def of_mine(lines: str) -> frozenset[str]:
        return frozenset(line for line in lines.splitlines() if NAME in line)

    def output(*words: str) -> str:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    commands = "\n".join(
        " ".join(processes.command_line(pid)) for pid in processes.every_pid() if pid != os.getpid()
    )
    groups = "\n".join(
        str(path)
        for tree in cgroups.hierarchies()
        for path in tree.root.rglob("*")
        if path.is_dir()
    )
    files = [
        f"{place}/{name}"
        for place in WATCHED
        if Path(place).is_dir()
        for name in os.listdir(place)
        # Other sandboxes may come and go on this machine.
        if "consortium" not in name
    ]
    return Traces(
        processes=of_mine(commands),
        mounts=of_mine(Path("/proc/mounts").read_text()),
        interfaces=of_mine(output("ip", "-o", "link")),
        namespaces=of_mine(output("ip", "netns")),
        routes=of_mine(output("ip", "route", "show", "table", "all")),
        cgroups=of_mine(groups),
        files=frozenset(files),
    )


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(NAME, "embedded")
    made.down()
    yield made
    made.down()


def start_pod(kubectl: Kubectl, image: str) -> None:
    container = {"name": "main", "image": image, "args": [SLEEP]}
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "sleeper", "namespace": "default"},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
        }
    )
    wait_for_pod(kubectl)


def wait_for_pod(kubectl: Kubectl) -> None:
    kubectl("wait", "--for=condition=Ready", "pod/sleeper", "--timeout=60s")


def container_of_pod(kubectl: Kubectl) -> str:
    (status,) = kubectl.get("pod", "sleeper")["status"]["containerStatuses"]
    return str(status["containerID"])


def killed(sandbox: Sandbox, *names: str) -> None:
    """Kills components as a crash would."""
    for component in sandbox.status().components:
        if component.name in names and component.pid is not None:
            os.kill(component.pid, signal.SIGKILL)
    eventually(lambda: sandbox.status().state == "Degraded", 10)


def test_down_leaves_nothing_of_a_sandbox_with_running_pods(
    sandbox: Sandbox, python_archive: Path
) -> None:
    before = traces()
    sandbox.up(nodes=1)
    image = sandbox.load_image(python_archive)
    start_pod(Kubectl(sandbox.kubeconfig), image)
    during = traces()
    assert all(
        (during.processes, during.mounts, during.interfaces, during.namespaces, during.cgroups)
    )
    sandbox.down()
    assert traces() == before
    assert sandbox.status().state == "Stopped"
    assert not sandbox.kubeconfig.parent.exists()


def test_up_of_a_healthy_sandbox_changes_nothing_and_takes_no_time(sandbox: Sandbox) -> None:
    sandbox.up(nodes=0)
    before = sandbox.status()
    begun = time.monotonic()
    sandbox.up(nodes=0)
    assert time.monotonic() - begun < 2
    assert sandbox.status() == before


@pytest.fixture(scope="module")
def living(python_archive: Path) -> Iterator[Sandbox]:
    """A sandbox with a pod, which is hurt again and again."""
    made = Sandbox("test-heal", "embedded")
    try:
        made.up(nodes=1)
        start_pod(Kubectl(made.kubeconfig), made.load_image(python_archive))
        yield made
    finally:
        made.down()


@pytest.mark.campaign
@pytest.mark.parametrize(
    "victims",
    [
        ("etcd",),
        ("kube-apiserver", "kube-controller-manager"),
        ("containerd", "kubelet"),
        ("coredns", "provisioner", "kube-proxy"),
    ],
    ids=lambda victims: "+".join(victims),
)
def test_up_restarts_what_was_killed_and_keeps_the_pods(
    living: Sandbox, victims: tuple[str, ...]
) -> None:
    kubectl = Kubectl(living.kubeconfig)
    container = container_of_pod(kubectl)
    killed(living, *victims)
    living.up()
    assert living.status().state == "Running"
    # A kubelet that was restarted needs a moment to learn of its pods.
    command = ("exec", "sleeper", "--", "python3", "-c", "print('here')")
    eventually(lambda: kubectl.attempt(*command).stdout == "here\n", 10)
    assert container_of_pod(kubectl) == container


@pytest.mark.campaign
def test_up_heals_a_sandbox_that_lost_its_namespaces(living: Sandbox) -> None:
    """As after a restart of the machine: files are there, nothing that ran can be used."""
    kubectl = Kubectl(living.kubeconfig)
    container = container_of_pod(kubectl)
    for name in ("consortium_test-heal", "consortium_test-heal_1"):
        subprocess.run(["ip", "netns", "delete", name], check=True)
    assert living.status().state == "Degraded"
    living.up()
    assert living.status().state == "Running"
    eventually(lambda: container_of_pod(kubectl) != container)
    wait_for_pod(kubectl)


@pytest.mark.campaign
def test_a_sandbox_grows_and_says_that_it_cannot_shrink(sandbox: Sandbox) -> None:
    sandbox.up(nodes=0)
    pid = sandbox.status().components[0].pid
    sandbox.up(nodes=2)
    status = sandbox.status()
    assert (status.state, status.nodes, status.components[0].pid) == ("Running", 2, pid)
    with pytest.raises(SandboxError, match="has 2 nodes and cannot shrink to 1: remove it"):
        sandbox.up(nodes=1)


@pytest.mark.parametrize(
    ("number", "delay"),
    [
        (signal.SIGINT, 2.0),
        pytest.param(signal.SIGINT, 0.0, marks=pytest.mark.campaign),
        pytest.param(signal.SIGTERM, 0.7, marks=pytest.mark.campaign),
    ],
)
def test_an_interrupted_first_start_leaves_nothing(
    sandbox: Sandbox, number: signal.Signals, delay: float
) -> None:
    before = traces()
    command = ["-m", "consortium_operator.cli.main", "sandbox", "up", "--name", NAME]
    process = subprocess.Popen(
        [*DEFAULT_SIGNALS, sys.executable, *command],
        stderr=subprocess.PIPE,
        text=True,
        env=EMBEDDED,
    )
    wait_until_it_catches(process.pid, signal.SIGTERM)
    time.sleep(delay)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert traces() == before


@pytest.mark.campaign
def test_an_interrupted_healing_keeps_the_sandbox(sandbox: Sandbox) -> None:
    sandbox.up(nodes=0)
    killed(sandbox, "etcd")
    command = ["-m", "consortium_operator.cli.main", "sandbox", "up", "--name", NAME]
    process = subprocess.Popen(
        [*DEFAULT_SIGNALS, sys.executable, *command, "--nodes=3"],
        stderr=subprocess.PIPE,
        env=EMBEDDED,
    )
    wait_until_it_catches(process.pid, signal.SIGTERM)
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    sandbox.up()
    assert sandbox.status().state == "Running"


@pytest.mark.campaign
def test_a_sandbox_without_its_record_is_still_removed(sandbox: Sandbox) -> None:
    before = traces()
    sandbox.up(nodes=1)
    (sandbox.kubeconfig.parent / "record.json").unlink()
    assert sandbox.status().state == "Degraded"
    sandbox.down()
    assert traces() == before
