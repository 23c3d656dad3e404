"""`consortium validate`: for people, for programs, by exit codes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import chains
from tests.resources import QUICKSTART_FILE
from tests.unit.cli.commands import consortium


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    body = chains.resource(version="3.16.4", paused="yes", chainId="a-b")
    path.write_text(yaml.safe_dump(body, sort_keys=False))
    return path


def test_a_valid_file_is_told_so_and_exits_with_0() -> None:
    done = consortium("validate", "-f", QUICKSTART_FILE)
    assert (done.code, done.stdout) == (
        0,
        f"{QUICKSTART_FILE}: consortium-demo/quickstart is valid\n",
    )
    assert done.stderr.startswith(f"note: {QUICKSTART_FILE}:9: spec.image names no repository")


def test_errors_are_lines_with_file_line_field_and_fix_and_exit_with_1(bad: Path) -> None:
    done = consortium("validate", "-f", bad)
    assert done.code == 1
    first, second, last = done.stdout.splitlines()
    assert first.startswith(f"{bad}:9: spec.chainId: ")
    assert second == f"{bad}:23: spec.paused: must be true or false without quotes"
    assert last == f"{bad}: 2 errors"


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_programs_get_the_same(bad: Path, form: str) -> None:
    done = consortium("validate", "-f", bad, "-o", form)
    found: dict[str, Any] = done.yaml
    assert done.code == 1
    assert done.stderr == ""
    assert found["valid"] is False
    assert [(one["line"], one["path"], one["reason"]) for one in found["errors"]] == [
        (9, "spec.chainId", "Invalid"),
        (23, "spec.paused", "Invalid"),
    ]
    assert consortium("validate", "-f", QUICKSTART_FILE, "-o", form).yaml["chains"] == [
        {"file": str(QUICKSTART_FILE), "namespace": "consortium-demo", "name": "quickstart"}
    ]


def test_a_file_comes_from_standard_input_too() -> None:
    done = consortium("validate", "-f", "-", stdin=QUICKSTART_FILE.read_bytes())
    assert done.stdout == "standard input: consortium-demo/quickstart is valid\n"
    broken = consortium("validate", "-f", "-", stdin="a: [\n")
    assert (broken.code, broken.stdout.splitlines()[0][:18]) == (1, "standard input:2: ")


def test_of_several_chains_each_error_names_its_own(tmp_path: Path) -> None:
    bodies = [chains.resource(name=name, chainId=name, paused=1) for name in ("one", "two")]
    (tmp_path / "two.yaml").write_text(yaml.safe_dump_all(bodies))
    lines = consortium("validate", "-f", tmp_path / "two.yaml").stdout.splitlines()
    assert " chains/one: spec.paused: " in lines[0]
    assert " chains/two: spec.paused: " in lines[1]


def test_every_file_that_is_named_is_judged(bad: Path) -> None:
    done = consortium("validate", "-f", bad, "-f", QUICKSTART_FILE)
    assert done.code == 1
    assert done.stdout.splitlines()[-2:] == [
        f"{bad}: 2 errors",
        f"{QUICKSTART_FILE}: consortium-demo/quickstart is valid",
    ]
    told = consortium("validate", "-f", bad, "-f", QUICKSTART_FILE, "-o", "json").json
    assert (told["valid"], {one["file"] for one in told["errors"]}) == (False, {str(bad)})


def test_a_pattern_that_the_shell_writes_out_names_every_file(bad: Path) -> None:
    done = consortium("validate", "-f", bad, QUICKSTART_FILE, "-o", "yaml")
    assert done == consortium("validate", "-f", bad, "-f", QUICKSTART_FILE, "-o", "yaml")


def test_chains_of_two_files_are_held_against_each_other(tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_bytes(QUICKSTART_FILE.read_bytes())
    done = consortium("validate", "-f", QUICKSTART_FILE, "-f", copy)
    assert done.code == 1
    first, *errors, last = done.stdout.splitlines()
    assert first == f"{QUICKSTART_FILE}: consortium-demo/quickstart is valid"
    assert f"metadata.name: stands in {QUICKSTART_FILE}, line 3 already" in errors[0]
    assert "spec.chainId: the chain consortium-demo/quickstart has the same" in errors[1]
    assert last == f"{copy}: 2 errors"


@pytest.mark.parametrize(
    "words",
    [
        ["validate"],
        ["validate", "-f"],
        ["validate", "-f", "/nowhere/at/all"],
        ["validate", "-f", "/"],
        ["validate", "-f", str(QUICKSTART_FILE), "-o", "xml"],
        ["validate", "-f", str(QUICKSTART_FILE), "/nowhere/at/all"],
        ["validate", str(QUICKSTART_FILE)],
    ],
)
def test_a_wrong_command_line_or_an_unreadable_file_exits_with_2(words: list[str]) -> None:
    done = consortium(*words)
    assert done.code == 2
    assert done.stdout == ""
    assert done.stderr


@pytest.mark.parametrize(
    "text",
    [
        'kind: "A\\x1b[2J"\n',
        "a: !%1B[2J x\n",
        '"\\x1b[2J": 1\n"\\x1b[2J": 2\n',
        'apiVersion: consortium.dev/v1alpha1\nkind: ConsortiumChain\n"\\x1b[2J": 1\n',
    ],
)
def test_a_terminal_is_shown_nothing_that_it_would_obey(text: str) -> None:
    done = consortium("validate", "-f", "-", stdin=text)
    assert done.code == 1
    assert "\x1b" not in done.stdout + done.stderr
