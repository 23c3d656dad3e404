"""The workflows of a hosted runner, which none of our machines is: as far as they can be judged
without one."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from consortium_sandbox.go_tools import GoModule, binary_directory, ensure_built
from consortium_sandbox.progress import Silent
from tests.charts import CHART
from tests.resources import REPOSITORY

ACTIONLINT = GoModule(
    "actionlint",
    "github.com/rhysd/actionlint",
    ("github.com/rhysd/actionlint/cmd/actionlint",),
    root=REPOSITORY / "tests" / "tools",
)
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yaml"))
_USES = re.compile(r"uses: (\S+)@(\S+)(?: # (\S+))?")

workflows = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def complaints(path: Path) -> str:
    ensure_built(ACTIONLINT, ACTIONLINT.binaries, Silent())
    # Without the linters of other languages: whether they are installed must not matter.
    words = ("-no-color", "-shellcheck=", "-pyflakes=", str(path))
    done = subprocess.run(
        [binary_directory(ACTIONLINT) / "actionlint", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


# The first time it is built.
@pytest.mark.campaign
@workflows
def test_actionlint_finds_nothing_wrong(path: Path) -> None:
    assert complaints(path) == ""


@pytest.mark.campaign
def test_actionlint_finds_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("on: push\njobs:\n  one:\n    steps:\n      - run: echo\n")
    found = complaints(path)
    assert "runs-on" in found


@workflows
def test_every_action_is_pinned_by_the_commit_of_a_release(path: Path) -> None:
    for action, commit, release in _USES.findall(path.read_text()):
        assert re.fullmatch(r"[0-9a-f]{40}", commit), action
        assert re.fullmatch(r"v\d+\.\d+\.\d+", release), action


def test_an_action_has_one_version_everywhere() -> None:
    seen: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for action, commit, _ in _USES.findall(path.read_text()):
            seen.setdefault(action, set()).add(commit)
    assert seen
    assert {action: found for action, found in seen.items() if len(found) > 1} == {}


def steps_of(path: Path, action: str) -> list[Any]:
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    steps = (step for job in jobs for step in job["steps"])
    return [step for step in steps if step.get("uses", "").startswith(f"{action}@")]


@workflows
def test_no_later_step_finds_the_token_by_which_the_code_was_fetched(path: Path) -> None:
    checkouts = steps_of(path, "actions/checkout")
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_a_release_takes_nothing_out_of_a_cache() -> None:
    setups = steps_of(REPOSITORY / ".github" / "workflows" / "release.yaml", "actions/setup-go")
    assert setups
    assert all(step["with"]["cache"] is False for step in setups)


@workflows
def test_a_workflow_may_read_and_each_job_says_what_more(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}


def test_a_release_pushes_the_image_that_the_chart_takes_where_no_tag_is_named(
    tmp_path: Path,
) -> None:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    release = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "release.yaml").read_text())
    steps = {one["id"]: one for one in release["jobs"]["image"]["steps"] if "id" in one}
    told = tmp_path / "output"
    known = {"GITHUB_REF_NAME": f"v{version}", "GITHUB_OUTPUT": str(told)}
    subprocess.run(["bash", "-c", steps["version"]["run"]], env=known, check=True, timeout=10)
    assert told.read_text() == f"tag={version}\n"
    assert steps["build"]["with"]["tags"] == "${{ env.IMAGE }}:${{ steps.version.outputs.tag }}"
