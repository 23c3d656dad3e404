"""Brings a cluster up: one list of steps, each of which makes only what is missing.

So the same list starts a sandbox from nothing, finishes a start that was cut short, restarts what
crashed and adds nodes.
"""

from collections.abc import Callable
from functools import partial

from consortium_sandbox import fake_nodes, node_images, shell
from consortium_sandbox.embedded import (
    addons,
    cgroups,
    control_plane,
    images,
    limits,
    mounts,
    network,
    node_components,
    pki,
    processes,
)
from consortium_sandbox.embedded import record as records
from consortium_sandbox.embedded.api import ApiServer
from consortium_sandbox.embedded.layout import Layout
from consortium_sandbox.embedded.processes import ProcessSpec
from consortium_sandbox.embedded.record import Record
from consortium_sandbox.embedded.topology import Topology
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.go_tools import binary
from consortium_sandbox.images.pause import pause_archive
from consortium_sandbox.progress import Progress
from consortium_sandbox.waiting import wait_until

# Seconds. A loaded machine with two cores needs some ten; after this long it will not come.
_PATIENCE = 120.0
_SYSTEM_NAMESPACE = "/api/v1/namespaces/kube-system"
# Pods are refused in a namespace until it has this.
_DEFAULT_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"


def process_specs(layout: Layout, topology: Topology) -> list[ProcessSpec]:
    """Every process of the cluster."""
    found = control_plane.specs(layout, topology)
    for node in topology.nodes:
        found.append(node_components.containerd(layout, node))
        found.append(node_components.kubelet(layout, node))
        found.append(node_components.kube_proxy(layout, topology, node))
    return found


def runs(record: Record, spec: ProcessSpec) -> bool:
    """Whether the process runs, with the command line and configuration it should have."""
    process = record.processes.get(spec.key)
    return process is not None and process.inputs == spec.inputs and processes.is_alive(process)


def intact(layout: Layout, topology: Topology) -> bool:
    """Whether every namespace and link is there."""
    mounted = mounts.mount_points(layout.mount_namespaces)
    nodes = (layout.node(node).mount_namespace for node in topology.nodes)
    return all(namespace in mounted for namespace in nodes) and network.intact(topology)


class Start:
    """One run of `up`. The record is written after every process that was started."""

    def __init__(self, layout: Layout, record: Record, progress: Progress) -> None:
        self._layout = layout
        self._record = record
        self._progress = progress
        self._topology = record.topology
        self._api = ApiServer(layout, self._topology)

    def run(self) -> None:
        """Returns when the cluster is ready for pods (for objects, where it has no nodes)."""
        with self._progress.step("Make networks and certificates"):
            self._prepare()
        with self._progress.step("Start the control plane"):
            self._start_control_plane()
        if self._topology.size:
            with self._progress.step(f"Start {self._topology.size} nodes"):
                self._start_nodes()
        if self._topology.fake or fake_nodes.PROGRAM in self._record.processes:
            with self._progress.step(f"Have {self._topology.fake} fake nodes"):
                self._have_fake_nodes()
        self._wait("the default service account", partial(self._api.exists, _DEFAULT_ACCOUNT))

    def _prepare(self) -> None:
        limits.raise_inotify_limit()
        network.ensure(self._topology)
        pki.ensure(self._layout, self._topology)
        self._layout.volumes.mkdir(exist_ok=True)
        for node in self._topology.nodes:
            cgroups.ensure(node.cgroup)
            mounts.ensure_namespace(self._layout, self._layout.node(node))

    def _start_control_plane(self) -> None:
        store, server, *others = control_plane.specs(self._layout, self._topology)
        self._ensure(store)
        self._ensure(server)
        # Slow to start and in need of nobody: beside the API server, not after it.
        for node in self._topology.nodes:
            self._ensure(node_components.containerd(self._layout, node))
        self._wait("the API server", self._api.ready, (store, server))
        for spec in others:
            self._ensure(spec)
        self._wait("namespace kube-system", partial(self._api.exists, _SYSTEM_NAMESPACE))
        for path, manifest in addons.objects(self._topology):
            self._api.apply(path, manifest)

    def _start_nodes(self) -> None:
        nodes = self._topology.nodes
        runtimes = [images.containerd_of(self._layout.node(node)) for node in nodes]
        for node in nodes:
            runtime = node_components.containerd(self._layout, node)
            answers = partial(images.answers, self._layout.node(node))
            self._wait(runtime.key, answers, (runtime,))
        node_images.import_everywhere(pause_archive(), runtimes)
        for node in nodes:
            self._ensure(node_components.kubelet(self._layout, node))
            self._ensure(node_components.kube_proxy(self._layout, self._topology, node))
        wanted = {node.name for node in nodes}
        kubelets = tuple(node_components.kubelet(self._layout, node) for node in nodes)
        self._wait("all nodes Ready", lambda: wanted <= self._api.ready_nodes(wanted), kubelets)

    def _have_fake_nodes(self) -> None:
        """As many as wanted; where none is, what played the last ones goes after them."""
        fake_nodes.ensure(self._kubectl, self._topology.fake)
        if not self._topology.fake:
            processes.stop(self._record.processes[fake_nodes.PROGRAM])
            self._keep(self._record.without_process(fake_nodes.PROGRAM))
            return
        wanted = fake_nodes.names(self._topology.fake)
        specs = control_plane.specs(self._layout, self._topology)
        player = tuple(spec for spec in specs if spec.key == fake_nodes.PROGRAM)
        self._wait("all fake nodes Ready", lambda: wanted <= self._api.nodes_said_ready(), player)

    def _kubectl(self, *words: str, stdin: str | None = None) -> str:
        return shell.run(
            [binary("kubectl"), f"--kubeconfig={self._layout.kubeconfig}", *words], stdin=stdin
        )

    def _keep(self, record: Record) -> None:
        self._record = record
        records.save(record, self._layout.record)

    def _ensure(self, spec: ProcessSpec) -> None:
        """Starts the process where it does not run, or runs with other settings."""
        if runs(self._record, spec):
            return
        if spec.key in self._record.processes:
            processes.stop(self._record.processes[spec.key])
        self._keep(self._record.with_process(spec.key, processes.start(spec)))

    def _wait(self, what: str, true: Callable[[], bool], by: tuple[ProcessSpec, ...] = ()) -> None:
        """Waits for something; ends early, with its log, where a process it takes has ended."""

        def dead() -> ProcessSpec | None:
            return next((spec for spec in by if not runs(self._record, spec)), None)

        wait_until(lambda: true() or dead() is not None, _PATIENCE)
        if true():
            return
        ended = dead()
        suspect = ended or (by[-1] if by else None)
        logs = f":\n{processes.log_tail(suspect.log)}" if suspect else ""
        problem = f"{ended.key} ended" if ended else f"{what}: not there after {_PATIENCE:.0f} s"
        raise SandboxError(f"{problem}. `up` tries again, `down` removes everything{logs}")
