"""`up`, `down`, `status` and `load-image` on kind, by what they tell Docker and kind.

No Docker engine runs here: the programs are stand-ins that print what the real ones print.
"""

from pathlib import Path

import pytest
import yaml

from consortium_sandbox import Sandbox, SandboxError, SandboxUnsupportedError
from consortium_sandbox.images.oci import ImageConfig, write_archive, write_layer
from consortium_sandbox.kind import cluster, kwok
from tests.unit.sandbox.kind.conftest import Engine

WHOLE = {"cluster": "consortium-demo", "pid": 42, "whole": True}
CONTROL_PLANE = "consortium-demo-control-plane"


@pytest.fixture
def sandbox(engine: Engine) -> Sandbox:
    """A new one: whoever has Docker has kind."""
    return Sandbox("demo")


@pytest.fixture
def running(sandbox: Sandbox, engine: Engine) -> Sandbox:
    """One that `up` has made before, of two nodes."""
    workers = {f"consortium-demo-worker{n}": WHOLE for n in ("", "2")}
    engine.has(**{CONTROL_PLANE: WHOLE}, **workers)
    sandbox.kubeconfig.parent.mkdir(parents=True)
    sandbox.kubeconfig.write_text("kind: Config")
    return sandbox


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    layer = write_layer(tree, tmp_path / "layer.tar")
    config = ImageConfig(entrypoint=("/program",))
    return write_archive(tmp_path / "i.tar", "sandbox.local/program:1", (layer,), config).archive


def test_a_new_sandbox_is_a_cluster_with_a_zone_for_each_node(
    sandbox: Sandbox, engine: Engine
) -> None:
    sandbox.up(nodes=3)
    nodes = yaml.safe_load(engine.config)["nodes"]
    assert [node["role"] for node in nodes] == ["control-plane", *["worker"] * 3]
    places = [tuple(node["labels"].values()) for node in nodes[1:]]
    assert places == [("zone-a", "region-a"), ("zone-b", "region-a"), ("zone-c", "region-b")]
    status = sandbox.status()
    assert (status.backend, status.state, status.nodes) == ("kind", "Running", 3)
    assert status.kubeconfig == sandbox.kubeconfig


def test_the_users_own_kubeconfig_is_never_touched(sandbox: Sandbox, engine: Engine) -> None:
    sandbox.up(nodes=1)
    written = [
        line for line in engine.commands if line.startswith("kind") and "version" not in line
    ]
    assert len(written) == 2
    assert all("--kubeconfig=/state/consortium-sandbox/demo/kubeconfig" in line for line in written)


def test_no_pod_of_a_user_runs_on_the_control_plane(sandbox: Sandbox, engine: Engine) -> None:
    """kind lets pods onto a node that is alone; a sandbox of no nodes is to run none."""
    sandbox.up(nodes=0)
    taint = "taint nodes consortium-demo-control-plane node-role.kubernetes.io/control-plane="
    assert any(taint in line for line in engine.commands)


def test_another_kubernetes_is_another_node_image(
    sandbox: Sandbox, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSORTIUM_SANDBOX_NODE_IMAGE", "kindest/node:v1.34.0")
    sandbox.up(nodes=1)
    images = {node["image"] for node in yaml.safe_load(engine.config)["nodes"]}
    assert images == {"kindest/node:v1.34.0"}


def test_up_of_a_healthy_sandbox_only_looks(running: Sandbox, engine: Engine) -> None:
    engine.forget()
    running.up()
    asked = {" ".join(line.split()[:2]) for line in engine.commands}
    assert asked <= {"docker version", "docker ps", "docker inspect", "docker exec"}


def test_up_starts_containers_that_stopped(running: Sandbox, engine: Engine) -> None:
    """As after a restart of the machine."""
    engine.has(**{name: {**each, "pid": 0} for name, each in engine.containers.items()})
    assert running.status().state == "Degraded"
    engine.forget()
    running.up()
    assert running.status().state == "Running"
    assert any(line.startswith("docker start") for line in engine.commands)
    assert not any(line.startswith("kind create") for line in engine.commands)


def test_up_makes_anew_what_was_never_finished(sandbox: Sandbox, engine: Engine) -> None:
    """As after a `kill -9` in the middle of the first `up`."""
    half = {**WHOLE, "whole": False}
    engine.has(consortium_demo_control_plane=half, consortium_demo_worker=half)
    assert sandbox.status().state == "Degraded"
    sandbox.up(nodes=2)
    assert any(line.startswith("docker rm --force --volumes") for line in engine.commands)
    assert sandbox.status().nodes == 2


def test_a_cluster_that_does_not_answer_is_never_taken_for_an_unfinished_one(
    sandbox: Sandbox, engine: Engine
) -> None:
    engine.has(consortium_demo_control_plane=WHOLE, consortium_demo_worker=WHOLE)
    engine.refuses("docker exec", "OCI runtime exec failed: exec failed")
    with pytest.raises(SandboxError, match="exec failed"):
        sandbox.up()
    assert set(engine.containers) == {CONTROL_PLANE, "consortium-demo-worker"}


def test_a_node_that_does_not_become_ready_is_named(
    sandbox: Sandbox, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 0)
    engine.is_late("consortium-demo-worker")
    with pytest.raises(SandboxError, match=r"not Ready after 0 s: consortium-demo-worker\."):
        sandbox.up(nodes=1)


def test_kind_can_neither_add_nor_take_nodes(running: Sandbox) -> None:
    with pytest.raises(SandboxError, match="has 2 nodes, and kind cannot make them 3: remove it"):
        running.up(nodes=3)


def test_down_leaves_nothing(running: Sandbox, engine: Engine) -> None:
    running.down()
    assert engine.containers == {}
    assert not running.kubeconfig.parent.exists()
    assert running.status().state == "Stopped"


def test_down_leaves_the_clusters_of_others(running: Sandbox, engine: Engine) -> None:
    mine = engine.containers
    engine.has(**mine, kind_worker={**WHOLE, "cluster": "kind"})
    running.down()
    assert set(engine.containers) == {"kind-worker"}


def test_two_sandboxes_have_their_own_cluster_and_kubeconfig(engine: Engine) -> None:
    one, other = Sandbox("one"), Sandbox("other")
    one.up(nodes=0)
    other.up(nodes=1)
    assert one.kubeconfig != other.kubeconfig
    one.down()
    assert (one.status().state, other.status().state) == ("Stopped", "Running")


def test_a_first_start_that_fails_leaves_nothing_and_says_why(
    sandbox: Sandbox, engine: Engine
) -> None:
    said = 'ERROR: failed to create cluster: failed to pull image "kindest/node:v1.37.0"'
    engine.refuses("kind create", said)
    with pytest.raises(SandboxError, match="failed to pull image") as caught:
        sandbox.up()
    assert "CONSORTIUM_SANDBOX_NODE_IMAGE" in str(caught.value)
    assert not sandbox.kubeconfig.parent.exists()


def test_a_full_disk_has_the_exit_code_of_a_machine_that_cannot(
    sandbox: Sandbox, engine: Engine
) -> None:
    engine.refuses("kind create", "ERROR: failed to create cluster: no space left on device")
    with pytest.raises(SandboxUnsupportedError, match="`docker system prune` frees it"):
        sandbox.up()


def test_an_image_is_on_every_node_by_its_tag_and_by_its_digest(
    running: Sandbox, engine: Engine, archive: Path
) -> None:
    reference = running.load_image(archive)
    repository, _, digest = reference.partition("@")
    assert repository == "sandbox.local/program"
    for worker in ("consortium-demo-worker", "consortium-demo-worker2"):
        assert engine.images_on(worker) == [
            f"sandbox.local/program:1 {digest}",
            f"{reference} {digest}",
        ]


def test_an_image_that_is_there_is_not_sent_again(
    running: Sandbox, engine: Engine, archive: Path
) -> None:
    reference = running.load_image(archive)
    engine.forget()
    assert running.load_image(archive) == reference
    assert not any("import" in line for line in engine.commands)


def test_an_image_for_a_sandbox_that_does_not_run_is_refused(
    sandbox: Sandbox, archive: Path
) -> None:
    with pytest.raises(SandboxError, match="does not run: consortium sandbox up --name demo"):
        sandbox.load_image(archive)


def test_fake_nodes_are_played_by_a_service_of_the_control_plane(
    running: Sandbox, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kwok, "tool_path", lambda *_: Path("/cache/kwok"))
    running.up(fake_nodes=4)
    assert running.status().fake_nodes == 4
    service = (engine.directory / "kwok.service").read_text()
    assert "ExecStart=/usr/local/bin/kwok --kubeconfig=/etc/kubernetes/admin.conf" in service
    running.up(fake_nodes=0)
    assert running.status().fake_nodes == 0
    assert f"docker exec {CONTROL_PLANE} systemctl disable --now kwok" in engine.commands


def test_a_node_that_is_not_there_is_not_cut_off(running: Sandbox) -> None:
    with pytest.raises(
        SandboxError,
        match="has no node 'node-1'; it has: consortium-demo-worker, consortium-demo-worker2",
    ):
        running.cut_node("node-1")


def test_our_images_are_built_from_the_dockerfile(
    sandbox: Sandbox, engine: Engine, tmp_path: Path
) -> None:
    images = sandbox.build_images(tmp_path / "out", versions=("3.15.2",))
    digest = "sha256:" + "cd" * 32
    assert images.operator.reference == f"sandbox.local/consortium-operator@{digest}"
    assert images.stand_in["3.15.2"].reference == f"sandbox.local/fisco-bcos-stand-in@{digest}"
    built = [line for line in engine.commands if line.startswith("docker build")]
    assert "--target=operator" in built[0]
    assert "--target=stand-in --build-arg=VERSION=3.15.2" in built[1]
    # A tag that moved would be a stale image on some node.
    assert f"docker tag sha256:{'ab' * 32} sandbox.local/consortium-operator:abababababab" in (
        engine.commands
    )
