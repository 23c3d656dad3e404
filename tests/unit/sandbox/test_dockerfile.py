"""images/Dockerfile, which is built elsewhere: held to what can be seen without an engine.

It is also what the images of the embedded build are made of, so the two cannot differ in what they
run, as whom, and with which labels.
"""

import json
import os
import re
import shlex
import stat
from pathlib import Path

import pytest
import yaml

from consortium_operator.manifests.pod import USER
from consortium_sandbox import SandboxError
from consortium_sandbox.images.catalogue import OPERATOR, STAND_IN
from consortium_sandbox.images.dockerfile import DOCKERFILE, Stage, parse, read_stages
from consortium_sandbox.images.root_filesystem import USERS

ROOT = Path(__file__).parents[3]
STAGES = read_stages(ROOT)
EVERY = [(name, each) for name, stage in STAGES.items() for each in stage.instructions]
KNOWN = {"ARG", "COPY", "ENTRYPOINT", "ENV", "LABEL", "RUN", "USER", "WORKDIR"}


def copies(stage: Stage) -> list[tuple[str | None, list[str]]]:
    """Each COPY: from which stage, and what; without where to."""
    found = []
    for text in stage.texts("COPY"):
        words = text.split()
        flags = [word for word in words if word.startswith("--")]
        origin = flags[0].removeprefix("--from=") if flags else None
        found.append((origin, words[len(flags) : -1]))
    return found


def test_it_uses_only_what_the_embedded_build_understands() -> None:
    """Not ADD either, which fetches what its address serves that day."""
    assert {each.keyword for _, each in EVERY} <= KNOWN


def test_every_base_is_a_stage_or_the_one_image_that_can_be_pinned() -> None:
    known = {"debian:${DEBIAN}", *STAGES}
    assert {stage.base for stage in STAGES.values()} <= known
    assert re.search(r"^ARG DEBIAN=[a-z]+-slim$", (ROOT / DOCKERFILE).read_text(), re.MULTILINE)


def test_all_that_is_copied_exists_and_is_in_the_context() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sent = [line[1:] for line in ignored if line.startswith("!")]
    for stage in STAGES.values():
        for origin, sources in copies(stage):
            if origin is not None:
                assert origin in STAGES
                continue
            for source in sources:
                assert (ROOT / source).exists(), source
                assert any((ROOT / source).is_relative_to(ROOT / each) for each in sent), source


def test_a_stage_comes_before_those_that_use_it() -> None:
    order = list(STAGES)
    for name, stage in STAGES.items():
        uses = {stage.base, *(origin for origin, _ in copies(stage) if origin)} & set(STAGES)
        assert all(order.index(each) < order.index(name) for each in uses)


def test_without_a_target_it_is_the_operator() -> None:
    assert list(STAGES)[-1] == OPERATOR


@pytest.mark.parametrize("name", [OPERATOR, STAND_IN])
def test_it_runs_a_program_that_it_copied(name: str) -> None:
    (program,) = STAGES[name].config({"VERSION": "3.16.4"}).entrypoint
    path = ROOT / "images" / name / Path(program).name
    assert (None, [f"images/{name}/"]) in copies(STAGES[name])
    assert path.stat().st_mode & stat.S_IXUSR
    # No shell is needed, and the working directory, which is a volume, holds no module.
    assert path.read_text().startswith("#!/usr/bin/python3 -P\n")


@pytest.mark.parametrize("name", [OPERATOR, STAND_IN])
def test_what_it_copies_can_be_run_and_compiles(name: str) -> None:
    for path in (ROOT / "images" / name).iterdir():
        compile(path.read_text(), path.name, "exec")
        assert os.access(path, os.X_OK)


def test_the_operator_runs_as_the_user_whom_its_chart_and_its_nodes_name() -> None:
    chart = (ROOT / "charts/consortium-operator/templates/_helpers.tpl").read_text()
    assert STAGES[OPERATOR].config({}).user == f"{USER}:{USER}"
    assert f"runAsUser: {USER}\n" in chart
    assert all(f":{USER}:" in line for line in USERS)


def test_both_builds_make_the_same_user() -> None:
    """The embedded build appends the lines itself; it has no engine to run them."""
    run = " ".join(STAGES["python"].texts("RUN"))
    assert [line for line in USERS if f"'{line}'" in run] == list(USERS)


def test_the_stand_in_is_told_which_release_it_emulates() -> None:
    config = STAGES[STAND_IN].config({"VERSION": "3.6.0"})
    assert config.environment == {"FISCO_BCOS_STAND_IN_VERSION": "3.6.0"}


def test_the_licence_is_the_projects() -> None:
    licence = re.search(r'^license = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert licence
    for name in (OPERATOR, STAND_IN):
        labels = STAGES[name].config({"VERSION": "3.16.4"}).labels
        assert labels["org.opencontainers.image.licenses"] == licence[1]


def test_packages_are_installed_by_hash_and_as_wheels_only() -> None:
    words = shlex.split(" ".join(STAGES["pip"].texts("ENV")))
    (install,) = (word for word in words if word.startswith("INSTALL="))
    assert {"--require-hashes", "--only-binary=:all:", "--no-deps"} <= set(install.split())
    for name, each in EVERY:
        if each.keyword == "RUN" and "--requirement=" in each.text:
            assert "$INSTALL" in each.text, name
            (file,) = re.findall(r"--requirement=(\S+)", each.text)
            assert "--hash=sha256:" in (ROOT / file).read_text()


def test_what_builds_the_wheel_is_pinned_as_for_development() -> None:
    development = (ROOT / "requirements/dev.txt").read_text()
    for line in (ROOT / "requirements/build.txt").read_text().splitlines():
        assert line.rstrip(" \\") in development


def test_a_variable_that_nobody_gives_is_an_error() -> None:
    stage = parse('FROM a AS b\nENV X=${Y}\nENTRYPOINT ["c"]\n')["b"]
    with pytest.raises(SandboxError, match=r"uses \$\{Y\}, which nobody gave"):
        stage.config({})


def test_continued_lines_and_comments_are_read_as_an_engine_reads_them() -> None:
    stage = parse('FROM a AS b\nLABEL x="1 2" \\\n# why\n  y=3\nENTRYPOINT ["c", "d"]\n')["b"]
    config = stage.config({})
    assert config.labels == {"x": "1 2", "y": "3"}
    assert config.entrypoint == ("c", "d")


def test_the_entry_point_is_a_list_so_that_no_shell_reads_it() -> None:
    for stage in STAGES.values():
        for text in stage.texts("ENTRYPOINT"):
            assert isinstance(json.loads(text), list)


def test_the_chart_starts_the_same_program() -> None:
    text = (ROOT / "charts/consortium-operator/templates/deployment.yaml").read_text()
    (command,) = re.findall(r"command: (\[.+\])", text)
    (program,) = STAGES[OPERATOR].config({}).entrypoint
    assert yaml.safe_load(command) == [Path(program).name]
