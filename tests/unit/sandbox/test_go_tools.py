"""Binaries are cached under everything that decides their content."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from consortium_sandbox import SandboxError, go_tools
from consortium_sandbox.go_tools import MODULES, GoModule
from tests import health_judges


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    go_tools.binary_directory.cache_clear()
    yield
    go_tools.binary_directory.cache_clear()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_module_pins_a_version_and_every_command(module: GoModule) -> None:
    assert re.fullmatch(r"v\d+\.\d+\.\d+|own", go_tools.version_of(module))
    theirs = [one for one in module.packages if one.startswith(module.requirement or "-")]
    sources = "".join(path.read_text() for path in module.directory.glob("*.go"))
    assert all(f'"{package}"' in sources for package in theirs)


def pinned(module: GoModule) -> dict[str, str]:
    """What is compiled: what go.mod requires, or puts in its place."""
    text = (module.directory / "go.mod").read_text()
    found = dict(re.findall(r"^(?:require)?\s+(\S+\.\S+/\S+) (v\S+)", text, re.MULTILINE))
    return found | dict(re.findall(r"(\S+) => \1 (v\S+)", text))


def test_what_several_tools_need_they_need_in_one_version() -> None:
    """Else each compiles Kubernetes' client for itself, some minutes in all."""
    versions: dict[str, set[str]] = {}
    for module in (*MODULES, health_judges.PROGRAM):
        for name, version in pinned(module).items():
            versions.setdefault(name, set()).add(version)
    assert len(versions) > 100
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_every_program_the_sandbox_needs_has_a_module() -> None:
    for tool in (*go_tools.CONTROL_PLANE, *go_tools.NODE, *go_tools.CLIENTS):
        assert tool in go_tools.module_of(tool).binaries


def test_an_unknown_tool_is_named_with_the_known_ones() -> None:
    with pytest.raises(SandboxError, match=r"no tool 'kubeadm'; there are .*kubectl"):
        go_tools.tool_path("kubeadm")


def test_kubernetes_reports_its_version() -> None:
    (kubernetes,) = (module for module in MODULES if module.name == "kubernetes")
    version = go_tools.version_of(kubernetes)
    assert f"gitVersion={version} " in go_tools.linker_flags(kubernetes)


def test_another_flag_or_source_is_another_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go_tools, "MODULES_DIRECTORY", tmp_path / "tools")
    module = GoModule("own", "", ("example.org/program",))
    module.directory.mkdir(parents=True)
    source = module.directory / "main.go"
    source.write_text("package main")
    directories = [go_tools.binary_directory(module)]
    directories.append(go_tools.binary_directory(replace(module, flags=("-tags", "x"))))
    go_tools.binary_directory.cache_clear()
    source.write_text("package main // changed")
    directories.append(go_tools.binary_directory(module))
    assert len(set(directories)) == 3
    assert all(directory.name.startswith("own-own-") for directory in directories)


def test_a_machine_without_go_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("consortium_sandbox.go_tools.shutil.which", lambda *_, **__: None)
    with pytest.raises(SandboxError, match=r"Go >= 1\.26 is needed"):
        go_tools.tool_path("helm")
