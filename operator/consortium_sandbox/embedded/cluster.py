"""The embedded back end: a cluster of plain processes on this machine, asked and commanded."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from consortium_sandbox import debian, fake_nodes, go_tools, node_images
from consortium_sandbox.backend import (
    DEFAULT_NODES,
    MAX_NODES,
    BackendName,
    ComponentStatus,
    SandboxStatus,
    Size,
    State,
)
from consortium_sandbox.embedded import cleanup, control_plane, images, network, processes
from consortium_sandbox.embedded import record as records
from consortium_sandbox.embedded.api import ApiServer
from consortium_sandbox.embedded.layout import Layout
from consortium_sandbox.embedded.record import Record
from consortium_sandbox.embedded.start import Start, intact, process_specs, runs
from consortium_sandbox.embedded.topology import Topology
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.images.catalogue import ImageSet, build_images
from consortium_sandbox.interruption import uninterrupted
from consortium_sandbox.locks import locked
from consortium_sandbox.paths import STATE_ROOT
from consortium_sandbox.progress import Progress


class EmbeddedBackend:
    """The sandbox `name` on this machine."""

    KIND: BackendName = "embedded"

    def __init__(self, name: str) -> None:
        self._name = name
        self._layout = Layout(name)

    @property
    def kubeconfig(self) -> Path:
        return self._layout.kubeconfig

    def up(self, size: Size, progress: Progress) -> None:
        """Ctrl-C removes a sandbox that this call was making; one that was there before stays."""
        known = records.load(self._layout.record)
        wanted = self._wanted(known, size)
        if known is not None and known == wanted and self._healthy(known):
            return
        _provide_programs(wanted.topology, progress)
        with locked(self._layout.root, progress):
            known = records.load(self._layout.record)
            try:
                if known is not None and not intact(self._layout, known.topology):
                    cleanup.clear_nodes(self._name)
                record = self._enrolled(known, self._wanted(known, size), progress)
                Start(self._layout, record, progress).run()
            except KeyboardInterrupt:
                if known is None:
                    self._remove(progress)
                raise

    def down(self, progress: Progress) -> None:
        if not cleanup.exists(self._name):
            return
        with locked(self._layout.root, progress):
            self._remove(progress)

    def status(self) -> SandboxStatus:
        record = records.load(self._layout.record)
        if record is None:
            state: State = "Degraded" if cleanup.exists(self._name) else "Stopped"
            return SandboxStatus(self._name, self.KIND, state)
        components = self._components(record)
        healthy = all(component.healthy for component in components)
        whole = healthy and intact(self._layout, record.topology)
        return SandboxStatus(
            name=self._name,
            backend=self.KIND,
            state="Running" if whole else "Degraded",
            nodes=record.size,
            fake_nodes=record.fake_nodes,
            kubeconfig=self.kubeconfig,
            components=components,
        )

    def build_images(self, output: Path, progress: Progress, versions: Sequence[str]) -> ImageSet:
        return build_images(output, progress, versions)

    def load_image(self, archive: Path) -> str:
        nodes = self._topology().nodes
        if not nodes:
            raise SandboxError(f"sandbox {self._name} has no nodes to put an image on")
        runtimes = [images.containerd_of(self._layout.node(node)) for node in nodes]
        return node_images.import_everywhere(archive, runtimes).by_digest

    def cut_node(self, node: str) -> None:
        self._set_link(node, "down")

    def restore_node(self, node: str) -> None:
        self._set_link(node, "up")

    def _topology(self) -> Topology:
        record = records.load(self._layout.record)
        if record is None:
            raise SandboxError(
                f"sandbox {self._name} does not run: consortium sandbox up --name {self._name}"
            )
        return record.topology

    def _set_link(self, name: str, state: str) -> None:
        topology = self._topology()
        node = topology.node(name)
        if node is None:
            known = ", ".join(node.name for node in topology.nodes)
            raise SandboxError(f"sandbox {self._name} has no node {name!r}; it has: {known}")
        network.set_link(topology, node, state)

    def _healthy(self, record: Record) -> bool:
        """Every process runs with what it should run with, and Kubernetes says it is ready."""
        topology = record.topology
        return (
            all(runs(record, spec) for spec in process_specs(self._layout, topology))
            and intact(self._layout, topology)
            and all(component.healthy for component in self._components(record))
        )

    def _components(self, record: Record) -> tuple[ComponentStatus, ...]:
        topology = record.topology
        api = ApiServer(self._layout, topology)
        ready = api.ready()
        ready_nodes = api.ready_nodes(node.name for node in topology.nodes) if ready else set()
        found = []
        for spec in process_specs(self._layout, topology):
            process = record.processes.get(spec.key)
            alive = process is not None and processes.is_alive(process)
            name, _, node = spec.key.partition("@")
            healthy = alive
            if name == control_plane.API_SERVER:
                healthy = ready
            elif name == "kubelet":
                healthy = alive and node in ready_nodes
            elif name == fake_nodes.PROGRAM:
                healthy = alive and fake_nodes.names(topology.fake) <= api.nodes_said_ready()
            pid = process.pid if alive and process is not None else None
            found.append(ComponentStatus(name, node or None, pid, healthy))
        return tuple(found)

    def _wanted(self, known: Record | None, size: Size) -> Record:
        """The record as it should be; of a new sandbox, without its network."""
        before = known or Record(self._name, slot=0, size=0)
        return replace(
            before,
            size=wanted_size(self._name, known, size.nodes),
            fake_nodes=fake_nodes.wanted(before.fake_nodes, size.fake_nodes),
        )

    def _enrolled(self, known: Record | None, wanted: Record, progress: Progress) -> Record:
        """The record, written before anything it speaks of is made."""
        if known is not None:
            records.save(wanted, self._layout.record)
            return wanted
        # Two sandboxes that start at once must not choose the same network.
        with locked(STATE_ROOT, progress):
            record = replace(wanted, slot=network.free_slot(_taken_slots()))
            records.save(record, self._layout.record)
        return record

    def _remove(self, progress: Progress) -> None:
        with progress.step(f"Remove sandbox {self._name}"), uninterrupted():
            cleanup.remove(self._name)


def wanted_size(name: str, known: Record | None, nodes: int | None) -> int:
    """How many nodes there should be. Raises SandboxError for what cannot be done."""
    if nodes is not None and not 0 <= nodes <= MAX_NODES:
        raise SandboxError(f"a sandbox has 0 to {MAX_NODES} nodes, not {nodes}")
    if known is None:
        return DEFAULT_NODES if nodes is None else nodes
    if nodes is None or nodes == known.size:
        return known.size
    if nodes < known.size:
        raise SandboxError(
            f"sandbox {name} has {known.size} nodes and cannot shrink to {nodes}: remove it with"
            f" `consortium sandbox down --name {name}` first, or give it another --name"
        )
    return nodes


def _taken_slots() -> set[int]:
    taken = set()
    for path in STATE_ROOT.glob("*/record.json"):
        # A damaged record is its own sandbox's trouble; its network shows in the routes.
        with suppress(SandboxError):
            if record := records.load(path):
                taken.add(record.slot)
    return taken


def _provide_programs(topology: Topology, progress: Progress) -> None:
    packages = debian.CONTROL_PLANE + (debian.NODE if topology.size else ())
    debian.ensure_packages(packages, progress)
    programs = go_tools.CONTROL_PLANE + (go_tools.NODE if topology.size else ())
    programs += (fake_nodes.PROGRAM,) if topology.fake else ()
    # Not only when they are first used: linked beside the others, kubectl takes seconds.
    go_tools.ensure_tools(programs + go_tools.CLIENTS, progress)
