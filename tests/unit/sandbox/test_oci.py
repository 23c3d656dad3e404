"""Layers and archives: deterministic, whole or absent, and readable by the importer."""

import gzip
import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest

from consortium_sandbox import SandboxError
from consortium_sandbox.images.archive import read_archive
from consortium_sandbox.images.oci import ImageConfig, Layer, write_archive, write_layer

CONFIG = ImageConfig(entrypoint=("/bin/program",), environment={"VERSION": "1"}, user="10001")
NAME = "sandbox.local/program:1"


def make_tree(root: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "link").symlink_to("bin/program")
    (root / "bin/program").chmod(0o755)
    return root


@pytest.fixture
def layer(tmp_path: Path) -> Layer:
    return write_layer(
        make_tree(tmp_path / "tree", ("bin/program", "lib/x")), tmp_path / "layer.tar"
    )


def test_the_same_content_is_the_same_layer_whenever_it_was_written(
    tmp_path: Path, layer: Layer
) -> None:
    other = make_tree(tmp_path / "other", ("lib/x", "bin/program"))
    for path in other.rglob("*"):
        os.utime(path, (10**9, 10**9), follow_symlinks=False)
    again = write_layer(other, tmp_path / "again.tar")
    assert again.digest == layer.digest


def test_a_layer_keeps_modes_and_links_and_no_times(layer: Layer) -> None:
    with tarfile.open(layer.path) as tar:
        entries = {entry.name: entry for entry in tar}
    assert list(entries) == sorted(entries)
    assert entries["bin/program"].mode & 0o777 == 0o755
    assert entries["link"].linkname == "bin/program"
    assert {entry.mtime for entry in entries.values()} == {1}


def test_the_reference_of_an_archive_is_what_the_importer_reads(
    tmp_path: Path, layer: Layer
) -> None:
    image = write_archive(tmp_path / "image.tar", NAME, (layer,), CONFIG)
    read = read_archive(image.archive)
    assert (read.by_digest, read.by_tag) == (image.reference, NAME)


def test_every_blob_of_an_archive_is_what_its_name_says(tmp_path: Path, layer: Layer) -> None:
    image = write_archive(tmp_path / "image.tar", NAME, (layer,), CONFIG)
    with tarfile.open(image.archive) as tar:
        blobs = [entry for entry in tar if entry.name.startswith("blobs/")]
        for entry in blobs:
            content = tar.extractfile(entry)
            assert content is not None
            assert hashlib.sha256(content.read()).hexdigest() == Path(entry.name).name
    assert len(blobs) == 3


def test_the_configuration_says_who_runs_what(layer: Layer) -> None:
    config = json.loads(CONFIG.as_json([layer]))
    assert config["config"]["Entrypoint"] == ["/bin/program"]
    assert config["config"]["User"] == "10001"
    assert "VERSION=1" in config["config"]["Env"]
    assert "WorkingDir" not in config["config"]
    assert config["rootfs"]["diff_ids"] == [layer.digest]


def test_an_equal_archive_is_left_alone_and_another_replaced(tmp_path: Path, layer: Layer) -> None:
    target = tmp_path / "image.tar"
    first = write_archive(target, NAME, (layer,), CONFIG)
    inode = target.stat().st_ino
    assert write_archive(target, NAME, (layer,), CONFIG) == first
    assert target.stat().st_ino == inode
    other = write_archive(target, NAME, (layer,), ImageConfig(entrypoint=("/bin/other",)))
    assert other.reference != first.reference
    assert read_archive(target).by_digest == other.reference


@pytest.mark.parametrize("content", [b"", b"no tar", None])
def test_what_is_no_archive_is_refused_by_its_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "image.tar"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SandboxError, match=r"image\.tar (is not an OCI|does not exist)"):
        read_archive(path)


@pytest.mark.parametrize("index", ["[]", "{}", '{"manifests": [{}]}', '{"manifests": 1}', "{"])
def test_an_archive_with_another_index_is_refused_by_its_name(tmp_path: Path, index: str) -> None:
    (tmp_path / "index.json").write_text(index)
    with tarfile.open(tmp_path / "image.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "index.json", "index.json")
    with pytest.raises(SandboxError, match=r"image\.tar\.gz is not an OCI"):
        read_archive(tmp_path / "image.tar.gz")


def test_an_archive_that_was_cut_off_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "image.tar.gz"
    path.write_bytes(gzip.compress(bytes(100_000))[:60])
    with pytest.raises(SandboxError, match=r"image\.tar\.gz is not an OCI"):
        read_archive(path)


@pytest.mark.parametrize(
    "name", ["program:1", "sandbox.local/program", "", "registry:5000/program"]
)
def test_an_image_without_a_whole_name_is_refused(tmp_path: Path, layer: Layer, name: str) -> None:
    image = write_archive(tmp_path / "image.tar", name, (layer,), CONFIG)
    with pytest.raises(SandboxError, match="HOST/NAME:TAG"):
        read_archive(image.archive)
