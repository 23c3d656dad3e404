"""The embedded back end: a cluster of plain processes on this machine, asked and commanded."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from consortium_sandbox import debian, go_tools
from consortium_sandbox.backend import ComponentStatus, SandboxStatus, State
from consortium_sandbox.embedded import cleanup, control_plane, images, network, processes
from consortium_sandbox.embedded import record as records
from consortium_sandbox.embedded.api import ApiServer
from consortium_sandbox.embedded.layout import Layout
from consortium_sandbox.embedded.record import Record
from consortium_sandbox.embedded.start import Start, intact, process_specs, runs
from consortium_sandbox.embedded.topology import MAX_NODES, Topology
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.locks import locked
from consortium_sandbox.paths import STATE_ROOT
from consortium_sandbox.progress import Progress

DEFAULT_NODES = 3


class EmbeddedBackend:
    """The sandbox `name` on this machine."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._layout = Layout(name)

    @property
    def kubeconfig(self) -> Path:
        return self._layout.kubeconfig

    def up(self, nodes: int | None, progress: Progress) -> None:
        """Ctrl-C removes a sandbox that this call was making; one that was there before stays."""
        known = records.load(self._layout.record)
        size = wanted_size(self._name, known, nodes)
        if known is not None and known.size == size and self._healthy(known):
            return
        _provide_programs(size, progress)
        with locked(self._layout.root, progress):
            known = records.load(self._layout.record)
            size = wanted_size(self._name, known, nodes)
            try:
                if known is not None and not intact(self._layout, _topology(known)):
                    cleanup.clear_nodes(self._name)
                Start(self._layout, self._enrolled(known, size, progress), progress).run()
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
            return SandboxStatus(self._name, state, 0, None)
        components = self._components(record)
        healthy = all(component.healthy for component in components)
        whole = healthy and intact(self._layout, _topology(record))
        state = "Running" if whole else "Degraded"
        return SandboxStatus(self._name, state, record.size, self.kubeconfig, components)

    def load_image(self, archive: Path) -> str:
        nodes = self._topology().nodes
        if not nodes:
            raise SandboxError(f"sandbox {self._name} has no nodes to put an image on")
        layouts = [self._layout.node(node) for node in nodes]
        return images.import_everywhere(archive, layouts).by_digest

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
        return _topology(record)

    def _set_link(self, name: str, state: str) -> None:
        topology = self._topology()
        node = topology.node(name)
        if node is None:
            known = ", ".join(node.name for node in topology.nodes)
            raise SandboxError(f"sandbox {self._name} has no node {name!r}; it has: {known}")
        network.set_link(topology, node, state)

    def _healthy(self, record: Record) -> bool:
        """Every process runs with what it should run with, and Kubernetes says it is ready."""
        topology = _topology(record)
        return (
            all(runs(record, spec) for spec in process_specs(self._layout, topology))
            and intact(self._layout, topology)
            and all(component.healthy for component in self._components(record))
        )

    def _components(self, record: Record) -> tuple[ComponentStatus, ...]:
        topology = _topology(record)
        api = ApiServer(self._layout, topology)
        ready = api.ready()
        ready_nodes = api.ready_nodes() if ready else set()
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
            pid = process.pid if alive and process is not None else None
            found.append(ComponentStatus(name, node or None, pid, healthy))
        return tuple(found)

    def _enrolled(self, known: Record | None, size: int, progress: Progress) -> Record:
        """The record, written before anything it speaks of is made."""
        if known is not None:
            record = replace(known, size=size)
            records.save(record, self._layout.record)
            return record
        # Two sandboxes that start at once must not choose the same network.
        with locked(STATE_ROOT, progress):
            record = Record(self._name, network.free_slot(_taken_slots()), size)
            records.save(record, self._layout.record)
        return record

    def _remove(self, progress: Progress) -> None:
        with progress.step(f"Remove sandbox {self._name}"), _uninterrupted():
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


def _topology(record: Record) -> Topology:
    return Topology(record.name, record.slot, record.size)


def _taken_slots() -> set[int]:
    taken = set()
    for path in STATE_ROOT.glob("*/record.json"):
        # A damaged record is its own sandbox's trouble; its network shows in the routes.
        with suppress(SandboxError):
            if record := records.load(path):
                taken.add(record.slot)
    return taken


def _provide_programs(size: int, progress: Progress) -> None:
    packages = debian.CONTROL_PLANE + (debian.NODE if size else ())
    debian.ensure_packages(packages, progress)
    programs = go_tools.CONTROL_PLANE + (go_tools.NODE if size else ())
    # Not only when they are first used: linked beside the others, kubectl takes seconds.
    go_tools.ensure_tools(programs + go_tools.CLIENTS, progress)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """A second Ctrl-C must not leave half of the sandbox behind. Programs we run inherit this."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
