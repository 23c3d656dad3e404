"""The kind back end: a cluster of containers, asked and commanded."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from consortium_sandbox import fake_nodes, go_tools, node_images, shell
from consortium_sandbox.backend import (
    DEFAULT_NODES,
    MAX_NODES,
    BackendName,
    ComponentStatus,
    SandboxStatus,
    Size,
)
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.images.catalogue import ImageSet
from consortium_sandbox.interruption import uninterrupted
from consortium_sandbox.kind import engine, images, kwok, links, program
from consortium_sandbox.kind.config import cluster_config, cluster_name
from consortium_sandbox.kind.engine import NodeContainer, docker, inside
from consortium_sandbox.kind.kubernetes import Kubectl, KubernetesNodes
from consortium_sandbox.locks import locked
from consortium_sandbox.paths import user_state_root
from consortium_sandbox.progress import Progress
from consortium_sandbox.waiting import wait_until

# Which node image kind is to use, where not its own: another Kubernetes, or one that is at hand.
NODE_IMAGE_VARIABLE = "CONSORTIUM_SANDBOX_NODE_IMAGE"
_NO_NODE_IMAGE = (
    "kind's node image cannot be pulled. Name one that the engine has, or that another registry has"
    f" ({NODE_IMAGE_VARIABLE}=REGISTRY/node:v1.37.0), or run without a registry, on Linux as root"
    " (CONSORTIUM_SANDBOX_BACKEND=embedded)"
)
# Seconds. Containers of a machine that was started again need a while to find each other.
_PATIENCE = 180
# In the control plane's container, once `up` has done all of its work: it lives and dies with it.
_WHOLE = "/kind/consortium-sandbox-is-whole"


class KindBackend:
    """The sandbox `name` on this machine's Docker engine."""

    KIND: BackendName = "kind"

    def __init__(self, name: str) -> None:
        self._name = name
        self._cluster = cluster_name(name)
        self.home = user_state_root() / name

    @property
    def kubeconfig(self) -> Path:
        return self.home / "kubeconfig"

    def up(self, size: Size, progress: Progress) -> None:
        """Ctrl-C removes a cluster that this call was making; one that was there before stays."""
        if self._is_as(size):
            return
        kind = program.kind(progress)
        go_tools.ensure_tools(go_tools.CLIENTS, progress)
        with locked(self.home, progress):
            known = self._whole_or_none(progress)
            workers = self._wanted_workers(known, size.nodes)
            try:
                nodes = known or self._create(kind, workers, progress)
                engine.run([kind, "export", "kubeconfig", *self._names()])
                self._finish(nodes, size.fake_nodes, progress)
            except KeyboardInterrupt:
                if not known:
                    self._remove(progress)
                raise

    def down(self, progress: Progress) -> None:
        if not self.home.exists() and not self._nodes():
            return
        with locked(self.home, progress):
            self._remove(progress)

    def status(self) -> SandboxStatus:
        nodes = self._nodes()
        if not nodes:
            return SandboxStatus(self._name, self.KIND, "Stopped")
        seen = Kubectl(nodes[0].name).nodes() if nodes[0].pid else KubernetesNodes()
        parts = tuple(
            ComponentStatus(node.role, node.name, node.pid, node.name in seen.ready)
            for node in nodes
        )
        here = self.kubeconfig.exists()
        healthy = all(part.healthy for part in parts) and seen.fake <= seen.ready
        return SandboxStatus(
            name=self._name,
            backend=self.KIND,
            state="Running" if healthy and here and _is_whole(nodes) else "Degraded",
            nodes=len(nodes) - 1,
            fake_nodes=len(seen.fake),
            kubeconfig=self.kubeconfig if here else None,
            components=parts,
        )

    def build_images(self, output: Path, progress: Progress, versions: Sequence[str]) -> ImageSet:
        return images.build_images(output, progress, versions)

    def load_image(self, archive: Path) -> str:
        workers = self._workers()
        if not workers:
            raise SandboxError(f"sandbox {self._name} has no nodes to put an image on")
        runtimes = [_containerd_of(name) for name in workers]
        return node_images.import_everywhere(archive, runtimes).by_digest

    def cut_node(self, node: str) -> None:
        links.cut(self._worker(node))

    def restore_node(self, node: str) -> None:
        links.restore(self._worker(node))

    def _nodes(self) -> list[NodeContainer]:
        return engine.node_containers(self._cluster)

    def _names(self) -> tuple[str, ...]:
        """Never the user's own kubeconfig: kind would make this cluster its current one."""
        return f"--name={self._cluster}", f"--kubeconfig={self.kubeconfig}"

    def _workers(self) -> list[str]:
        nodes = self._nodes()
        if not nodes:
            raise SandboxError(
                f"sandbox {self._name} does not run: consortium sandbox up --name {self._name}"
            )
        return [node.name for node in nodes if not node.is_control_plane]

    def _worker(self, name: str) -> str:
        known = self._workers()
        if name not in known:
            raise SandboxError(
                f"sandbox {self._name} has no node {name!r}; it has: {', '.join(known)}"
            )
        return name

    def _is_as(self, size: Size) -> bool:
        found = self.status()
        return (
            found.state == "Running"
            and size.nodes in (None, found.nodes)
            and size.fake_nodes in (None, found.fake_nodes)
        )

    def _whole_or_none(self, progress: Progress) -> list[NodeContainer]:
        """The cluster's containers, started; none where it was never finished: that is removed,
        as nobody was ever told of it."""
        nodes = self._nodes()
        if stopped := [node.name for node in nodes if node.pid is None]:
            with progress.step(f"Start {', '.join(stopped)} again"):
                docker("start", *stopped)
            nodes = self._nodes()
        if nodes and not _is_whole(nodes):
            with progress.step("Remove a cluster that was never finished"):
                self._remove_containers()
            return []
        return nodes

    def _wanted_workers(self, known: list[NodeContainer], asked: int | None) -> int:
        if asked is not None and not 0 <= asked <= MAX_NODES:
            raise SandboxError(f"a sandbox has 0 to {MAX_NODES} nodes, not {asked}")
        if not known:
            return DEFAULT_NODES if asked is None else asked
        workers = len(known) - 1
        if asked not in (None, workers):
            raise SandboxError(
                f"sandbox {self._name} has {workers} nodes, and kind cannot make them {asked}:"
                f" remove it with `consortium sandbox down --name {self._name}` first, or give it"
                " another --name"
            )
        return workers

    def _create(self, kind: Path, workers: int, progress: Progress) -> list[NodeContainer]:
        config = cluster_config(workers, os.environ.get(NODE_IMAGE_VARIABLE))
        words = ("create", "cluster", *self._names(), "--config=-", f"--wait={_PATIENCE}s")
        with progress.step(f"Create the kind cluster {self._cluster} with {workers} nodes"):
            try:
                # kind would use Podman, too, which nothing here was written for.
                engine.run([kind, *words], stdin=config, KIND_EXPERIMENTAL_PROVIDER="docker")
            except SandboxError as error:
                # What it had made it has removed by itself.
                shutil.rmtree(self.home)
                if "failed to pull image" in str(error):
                    raise SandboxError(f"{_NO_NODE_IMAGE}\n{error}") from error
                raise
        return self._nodes()

    def _finish(self, nodes: list[NodeContainer], fake: int | None, progress: Progress) -> None:
        control_plane = nodes[0].name
        kubectl = Kubectl(control_plane)
        with progress.step("Wait for all nodes to be Ready"):
            self._wait(kubectl, {node.name for node in nodes})
        kubectl.furnish()
        known = len(kubectl.nodes().fake)
        wanted = fake_nodes.wanted(known, fake)
        if wanted != known:
            with progress.step(f"Have {wanted} fake nodes"):
                if wanted:
                    kwok.start(control_plane, progress)
                fake_nodes.ensure(kubectl, wanted)
                self._wait(kubectl, fake_nodes.names(wanted))
                if not wanted:
                    kwok.stop(control_plane)
        inside(control_plane, "touch", _WHOLE)

    def _wait(self, kubectl: Kubectl, names: set[str]) -> None:
        if wait_until(lambda: names <= kubectl.nodes().ready, _PATIENCE, interval=0.5):
            return
        late = ", ".join(sorted(names - kubectl.nodes().ready))
        raise SandboxError(
            f"not Ready after {_PATIENCE} s: {late}. `up` tries again, `down` removes everything;"
            " `docker logs` of a node says what it does"
        )

    def _remove(self, progress: Progress) -> None:
        with progress.step(f"Remove sandbox {self._name}"), uninterrupted():
            self._remove_containers()
            shutil.rmtree(self.home)

    def _remove_containers(self) -> None:
        """As kind does it, without kind: whoever has lost it can still clean up."""
        if nodes := self._nodes():
            docker("rm", "--force", "--volumes", *(node.name for node in nodes))


def _is_whole(nodes: list[NodeContainer]) -> bool:
    """Whether `up` once got to its end. Asked in words: a container that does not answer must not
    be taken for one without the mark, and be removed."""
    if not nodes[0].is_control_plane:
        return False
    said = inside(nodes[0].name, "sh", "-c", f"test -e {_WHOLE} && echo whole || echo unfinished")
    return said.strip() == "whole"


def _containerd_of(container: str) -> node_images.Containerd:
    words = ("docker", "exec", "--interactive", container, "ctr", "--namespace")
    return node_images.Containerd((*words, node_images.NAMESPACE), shell.network_environment())
