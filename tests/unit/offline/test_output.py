"""A directory is written whole or not at all, and never over what somebody else made."""

import os
import stat
from pathlib import Path

import pytest

from consortium_operator.chain.naming import ChainKey
from consortium_operator.offline import output
from consortium_operator.offline.output import MARKER, File, Output, OutputRefused, Tree

CHAIN = ChainKey("chains", "trade")
TREE: dict[str, File] = {
    "manifests/a.yaml": File(b"a: 1\n"),
    "secrets/key.yaml": File(b"not a key", is_private=True),
    "nodes/h/node0/conf/node.pem": File(b"not a key either", is_private=True),
    "nodes/h/node0/config.ini": File(b"[p2p]\n"),
}


@pytest.fixture
def out(tmp_path: Path) -> Output:
    return Output(tmp_path / "some" / "out", CHAIN, frozenset({"secrets"}))


def files(out: Output) -> dict[str, bytes]:
    found = {p.relative_to(out.path).as_posix(): p for p in out.path.rglob("*") if p.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name != MARKER}


def contents(tree: Tree) -> dict[str, bytes]:
    return {name: file.content for name, file in tree.items()}


def leftovers(out: Output) -> list[str]:
    return [path.name for path in out.path.parent.glob(".*")]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_directory_is_made_with_all_files_and_nothing_else(out: Output) -> None:
    assert out.write(TREE)
    assert files(out) == contents(TREE)
    assert leftovers(out) == []


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_private_files_are_their_owners_alone_whatever_the_umask(out: Output, umask: int) -> None:
    before = os.umask(umask)
    try:
        out.write(TREE)
    finally:
        os.umask(before)
    assert mode(out.path / "secrets") == 0o700
    assert mode(out.path / "secrets/key.yaml") == 0o600
    assert mode(out.path / "nodes/h/node0/conf/node.pem") == 0o600
    assert mode(out.path / "nodes/h/node0/config.ini") == 0o644
    assert {mode(out.path / name) for name in (".", "manifests", "nodes/h/node0/conf")} == {0o755}


def test_an_empty_directory_is_taken(out: Output) -> None:
    out.path.mkdir(parents=True)
    assert out.write(TREE)
    assert files(out) == contents(TREE)


def test_a_link_to_a_directory_is_followed(out: Output, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    linked = Output(tmp_path / "link", CHAIN, frozenset())
    linked.write(TREE)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "manifests/a.yaml").read_bytes() == b"a: 1\n"


def test_the_same_again_touches_nothing(out: Output) -> None:
    out.write(TREE)
    before = {path: path.stat().st_mtime_ns for path in out.path.rglob("*")}
    assert not out.write(TREE)
    assert {path: path.stat().st_mtime_ns for path in out.path.rglob("*")} == before


def test_a_later_render_replaces_an_earlier_one(out: Output) -> None:
    out.write(TREE)
    later = {name: file for name, file in TREE.items() if name != "nodes/h/node0/config.ini"}
    later |= {"manifests/a.yaml": File(b"a: 2\n"), "manifests/b.yaml": File(b"b: 1\n")}
    assert out.write(later)
    assert files(out) == contents(later)
    assert leftovers(out) == []


def refused(out: Output, tree: Tree = TREE) -> str:
    before = {path: path.read_bytes() for path in out.path.rglob("*") if path.is_file()}
    with pytest.raises(OutputRefused) as error:
        out.write(tree)
    assert {p: p.read_bytes() for p in out.path.rglob("*") if p.is_file()} == before
    assert leftovers(out) == []
    return str(error.value)


def test_a_directory_that_no_render_made_is_refused(out: Output) -> None:
    out.path.mkdir(parents=True)
    (out.path / "thesis.txt").write_text("years of work")
    assert "is not empty and no render made it" in refused(out)


@pytest.mark.parametrize("marker", ["", "{}", "[]", '{"chain": 1}', '{"chain": "a", "files": 3}'])
def test_a_file_of_the_markers_name_alone_is_no_proof(out: Output, marker: str) -> None:
    out.path.mkdir(parents=True)
    (out.path / MARKER).write_text(marker)
    assert "no render made it" in refused(out)


def test_the_render_of_another_chain_is_refused(out: Output) -> None:
    out.write(TREE)
    other = Output(out.path, ChainKey("chains", "other"), out.private)
    assert "holds a render of the chain chains/trade" in refused(other)


def test_a_ledger_that_a_node_has_begun_is_never_replaced(out: Output) -> None:
    out.write(TREE)
    (out.path / "nodes/h/node0/data").mkdir()
    (out.path / "nodes/h/node0/data/CURRENT").write_text("blocks")
    assert "data/CURRENT was made by no render" in refused(out, TREE | {"new": File(b"")})


def test_a_link_that_somebody_put_there_is_no_renders(out: Output, tmp_path: Path) -> None:
    out.write(TREE)
    (out.path / "extra").symlink_to(tmp_path)
    assert "extra was made by no render" in refused(out)


def test_a_file_that_was_edited_is_not_written_over(out: Output) -> None:
    out.write(TREE)
    (out.path / "nodes/h/node0/config.ini").write_text("[p2p]\n; mine\n")
    assert "config.ini was edited" in refused(out)


@pytest.mark.parametrize("name", ["secrets/key.yaml", "nodes/h/node0/conf/node.pem"])
def test_a_key_that_would_be_lost_stops_the_write(out: Output, name: str) -> None:
    out.write(TREE)
    assert "holds a key that the new output would not have" in refused(
        out, TREE | {name: File(b"another key", is_private=True)}
    )
    without = {path: file for path, file in TREE.items() if path != name}
    assert "holds a key" in refused(out, without)


def test_a_key_that_somebody_put_in_the_place_of_ours_stops_the_write(out: Output) -> None:
    out.write(TREE)
    (out.path / "secrets/key.yaml").write_bytes(b"restored by hand")
    assert "holds a key" in refused(out, TREE | {"new": File(b"")})


def test_a_key_may_move(out: Output) -> None:
    out.write(TREE)
    moved = {name: file for name, file in TREE.items() if not name.startswith("nodes/")}
    moved["nodes/i/node0/conf/node.pem"] = TREE["nodes/h/node0/conf/node.pem"]
    assert out.write(moved)


def test_a_file_in_the_directorys_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputRefused, match="is a file"):
        Output(tmp_path / "file", CHAIN, frozenset()).write(TREE)


@pytest.mark.parametrize("step", [0, 1, 3])
def test_a_full_disk_leaves_everything_as_it_was(
    out: Output, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    out.write(TREE)
    before = files(out)
    written: list[Path] = []

    def failing(path: Path, file: File) -> None:
        if len(written) == step:
            raise OSError(28, "No space left on device", str(path))
        written.append(path)
        path.write_bytes(file.content)

    monkeypatch.setattr(output, "write_new", failing)
    with pytest.raises(OSError, match="No space left"):
        out.write(TREE | {"manifests/a.yaml": File(b"a: 2\n")})
    assert files(out) == before
    assert leftovers(out) == []


def test_a_rename_that_fails_puts_the_old_directory_back(
    out: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    out.write(TREE)
    before = files(out)
    rename, calls = Path.rename, []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(5, "Input/output error", str(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(OSError, match="Input/output"):
        out.write(TREE | {"manifests/a.yaml": File(b"a: 2\n")})
    assert files(out) == before
    assert leftovers(out) == []


def test_a_file_shows_nothing_of_its_content() -> None:
    assert repr(File(b"secret", is_private=True)) == "File(private, 6 bytes)"
