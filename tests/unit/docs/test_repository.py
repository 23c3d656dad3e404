"""What holds for the repository as a whole."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.documents import README
from tests.resources import REPOSITORY

_REQUIREMENTS = sorted((REPOSITORY / "requirements").glob("*.txt"))
# Where packages come from is the machine's own matter, and never part of the repository.
_SOURCES = re.compile(
    r"-index-url|find-links|trusted-host|\b(GOPROXY|GOSUMDB|UV_\w*INDEX\w*|PIP_\w+)\b|^deb http",
    re.MULTILINE,
)


def tracked() -> list[Path]:
    words = ["git", "-c", f"safe.directory={REPOSITORY}", "ls-files", "-z"]
    done = subprocess.run(words, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    paths = (REPOSITORY / name for name in done.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def texts() -> dict[str, str]:
    """Every tracked file but this one, by its name."""
    return {
        str(path.relative_to(REPOSITORY)): path.read_text("utf-8", errors="replace")
        for path in tracked()
        if path != Path(__file__)
    }


def test_the_readme_names_the_command_that_ci_runs() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text()
    command = script.strip().splitlines()[-1].removeprefix("exec ")
    assert command == "make test"
    assert any(line.startswith(command) for line in README.blocks("sh")[0].splitlines())


def test_the_workflow_runs_it_too() -> None:
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yaml").read_text())
    runs = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    assert any(run.endswith(".ci/run") for run in runs)


def test_workflows_run_targets_that_exist() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE))
    for path in sorted((REPOSITORY / ".github/workflows").glob("*.yaml")):
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            for step in job["steps"]:
                for words in re.findall(
                    r"\bmake ([a-z0-9 -]+)$", step.get("run", ""), re.MULTILINE
                ):
                    assert set(words.split()) <= targets, path.name


def test_make_help_lists_every_target() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    declared = set(re.findall(r"^\.PHONY: (\S+)$", makefile, re.MULTILINE))
    promised = (
        *("demo", "demo-down", "test", "check-all", "lint", "unit", "integration", "e2e"),
        *("crds", "chart", "image", "clean"),
    )
    assert declared >= set(promised)
    done = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    listed = {line.split()[0] for line in done.stdout.splitlines()}
    assert listed == declared


def test_no_package_shadows_the_standard_library() -> None:
    assert not (REPOSITORY / "operator" / "__init__.py").exists()


def test_no_module_is_longer_than_contributing_allows() -> None:
    allowed = re.search(
        r"files (\d+)\.$", (REPOSITORY / "CONTRIBUTING.md").read_text(), re.MULTILINE
    )
    assert allowed is not None
    modules = {path: path.read_text("utf-8") for path in tracked() if path.suffix == ".py"}
    too_long = [p.name for p, text in modules.items() if text.count("\n") > int(allowed[1])]
    assert modules
    assert too_long == []


def test_no_file_says_where_it_was_written() -> None:
    here = re.compile(rf"{re.escape(str(REPOSITORY))}/|/home/\w+/|/Users/\w+/")
    assert [name for name, text in texts().items() if here.search(text)] == []


def test_no_file_says_where_packages_come_from() -> None:
    assert [name for name, text in texts().items() if _SOURCES.search(text)] == []


def test_no_file_holds_a_conflict_that_was_not_resolved() -> None:
    marker = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
    assert [name for name, text in texts().items() if marker.search(text)] == []


@pytest.mark.parametrize("path", _REQUIREMENTS, ids=lambda path: path.name)
def test_every_pinned_package_has_a_hash_and_no_address(path: Path) -> None:
    lines = path.read_text().replace("\\\n", " ").splitlines()
    for line in (line for line in lines if line.strip() and not line.startswith("#")):
        assert re.match(r"[a-z0-9._-]+==\S+ ", line), line[:60]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line[:60]
        assert "://" not in line
        assert " @ " not in line


@pytest.mark.parametrize(
    ("file", "extras"), [("operator.txt", ()), ("dev.txt", ("sandbox", "dev"))]
)
def test_what_pyproject_asks_for_is_pinned(file: str, extras: tuple[str, ...]) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    asked = [*project["dependencies"], *(need for extra in extras for need in optional[extra])]
    pinned = re.findall(
        r"^([a-z0-9._-]+)==", (REPOSITORY / "requirements" / file).read_text(), re.MULTILINE
    )
    names = {re.split(r"[\[<>=!~ ]", need)[0].lower() for need in asked}
    assert names - {project["name"]} <= set(pinned)


def test_one_package_has_one_version_in_all_files() -> None:
    seen: dict[str, set[str]] = {}
    for path in _REQUIREMENTS:
        for name, version in re.findall(r"^(\S+)==(\S+)", path.read_text(), re.MULTILINE):
            seen.setdefault(name, set()).add(version)
    assert {name: found for name, found in seen.items() if len(found) > 1} == {}


def test_the_chart_has_the_version_of_the_operator() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    chart = yaml.safe_load((REPOSITORY / "charts/consortium-operator/Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == project["version"]
    assert f"## {project['version']}" in (REPOSITORY / "CHANGELOG.md").read_text()


def test_the_licence_is_the_one_that_the_package_names() -> None:
    licence = (REPOSITORY / "LICENSE").read_text()
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_every_hook_runs_from_the_virtual_environment() -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())
    assert {repo["repo"] for repo in hooks["repos"]} == {"local"}
    for hook in hooks["repos"][0]["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith((".venv/bin/", "make "))
