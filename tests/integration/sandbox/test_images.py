"""The images run as their pods will: not as root, with a read-only root file system."""

from pathlib import Path
from typing import Any

import pytest

from consortium_sandbox import ImageSet, Sandbox
from consortium_sandbox.images.archive import read_archive
from consortium_sandbox.images.catalogue import STAND_IN_VERSIONS
from consortium_sandbox.images.python_layers import code_layer
from consortium_sandbox.images.root_filesystem import root_filesystem
from consortium_sandbox.progress import Plain
from tests.integration.sandbox.kubectl import Kubectl, eventually
from tests.integration.sandbox.manifests import NAMESPACE, pod

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def images(nodes: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return nodes.build_images(tmp_path_factory.mktemp("archives"), Plain())


def output_of(kubectl: Kubectl, manifest: dict[str, Any]) -> str:
    """Runs a pod to its end."""
    manifest["spec"]["restartPolicy"] = "Never"
    name = manifest["metadata"]["name"]
    kubectl.apply(manifest)

    def phase() -> str:
        return str(kubectl.get("-n", NAMESPACE, "pod", name)["status"]["phase"])

    eventually(lambda: phase() in {"Succeeded", "Failed"})
    output = kubectl("-n", NAMESPACE, "logs", name)
    assert phase() == "Succeeded", output
    return output


@pytest.mark.campaign
def test_the_stand_in_says_which_version_it_emulates_and_that_it_is_one(
    kubectl: Kubectl, nodes: Sandbox, images: ImageSet
) -> None:
    assert set(images.stand_in) == set(STAND_IN_VERSIONS)
    for version, image in images.stand_in.items():
        reference = nodes.load_image(image.archive)
        assert reference == image.reference
        name = f"node-{version.replace('.', '-')}"
        said = output_of(kubectl, pod(name, reference, "--version"))
        assert version in said
        assert "stand-in" in said


@pytest.mark.campaign
def test_the_operator_image_starts_by_itself_as_its_own_user(
    kubectl: Kubectl, nodes: Sandbox, images: ImageSet
) -> None:
    reference = nodes.load_image(images.operator.archive)
    manifest = pod("operator", reference, "--help")
    # Who it runs as is said by the image alone.
    for key in ("runAsUser", "runAsGroup", "fsGroup"):
        del manifest["spec"]["securityContext"][key]
    assert "consortium-operator" in output_of(kubectl, manifest)


@pytest.mark.campaign
def test_the_operator_image_holds_the_command_line(
    kubectl: Kubectl, nodes: Sandbox, images: ImageSet
) -> None:
    manifest = pod("command-line", nodes.load_image(images.operator.archive), "--help")
    manifest["spec"]["containers"][0]["command"] = ["/usr/local/bin/consortium"]
    assert "Usage: consortium" in output_of(kubectl, manifest)


@pytest.mark.campaign
def test_an_image_is_there_by_its_tag_too(
    kubectl: Kubectl, nodes: Sandbox, images: ImageSet
) -> None:
    image = images.stand_in["3.16.4"]
    nodes.load_image(image.archive)
    tagged = read_archive(image.archive).by_tag
    assert "3.16.4" in output_of(kubectl, pod("by-tag", tagged, "--version"))


def test_code_that_is_packed_again_is_the_same_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = root_filesystem(Plain())
    # Compiled sets are what differs from run to run where the order of hashes is left to chance.
    code = "NAMES = frozenset({'a', 'b', 'c', 'd'})\n\ndef f(x):\n    return x in {'e', 'f', 'g'}\n"
    digests = set()
    for name in ("one", "other"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        layer = code_layer(base, {"package/__init__.py": code.encode()}, {}, Plain())
        digests.add(layer.digest)
    assert len(digests) == 1
