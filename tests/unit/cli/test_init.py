"""`consortium init`: a file that is accepted as it is, from options or from questions."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.cli.init_text import Answers, NewMember, text_of
from tests.golden import check_golden
from tests.unit.cli.commands import consortium

FOUR = (
    *("--member", "webank=shenzhen:2,beijing"),
    *("--member", "east-port=ningbo"),
    *("--member", "sichuan-trade=chengdu"),
)
ANSWERS = "supply-chain\nledgers\n\n\n50Gi\nwebank=shenzhen:4\noops\n\n"
# Without what no keyboard types: control characters and odd spaces.
_TYPED = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trade.yaml"


def test_what_it_writes_is_valid_and_commented(file: Path) -> None:
    assert consortium("init", file, *FOUR).code == 0
    assert consortium("validate", "-f", file).code == 0
    check_golden("init/trade.yaml", file.read_text("utf-8"))


def test_programs_read_what_was_written_and_what_is_next(file: Path) -> None:
    done = consortium("init", file, *FOUR, "-o", "json")
    assert {key: done.json[key] for key in ("file", "namespace", "name")} == {
        "file": str(file),
        "namespace": "chains",
        "name": "trade",
    }
    assert done.json["nextSteps"][-1] == f"kubectl apply --filename {file}"
    assert consortium("init", "-", *FOUR, "-o", "json").code == 2


def test_every_option_is_in_the_file(file: Path) -> None:
    options = {
        "--name": "supply-chain",
        "--namespace": "ledgers",
        "--version": "3.12.1",
        "--chain-id": "0123",
        "--storage": "50Gi",
        "--image": "registry.example:5000/fiscobcos:v3.12.1",
    }
    words = [word for pair in options.items() for word in pair]
    done = consortium("init", "-", *words, *FOUR)
    assert done.code == 0
    assert done.yaml["metadata"] == {"name": "supply-chain", "namespace": "ledgers"}
    assert done.yaml["spec"]["chainId"] == "0123"
    image = {"repository": "registry.example:5000/fiscobcos", "tag": "v3.12.1"}
    assert done.yaml["spec"]["image"] == image


def test_without_members_it_asks_and_asks_again_for_what_it_cannot_read(file: Path) -> None:
    done = consortium("init", file, stdin=ANSWERS)
    assert done.code == 0
    assert "'oops' is not NAME=CITY[:COUNT]" in done.stderr
    written = yaml.safe_load(file.read_text("utf-8"))
    assert written["metadata"] == {"name": "supply-chain", "namespace": "ledgers"}
    assert written["spec"]["chainId"] == "supplychain"
    assert written["spec"]["members"][0]["nodes"] == [{"name": "shenzhen", "count": 4}]


def test_a_file_that_is_there_is_never_overwritten(file: Path) -> None:
    file.write_text("mine")
    done = consortium("init", file, *FOUR)
    assert (done.code, done.stderr) == (1, f"error: {file} is there: name another file\n")
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--member", "webank"), 2, "--member: 'webank' is not NAME=CITY[:COUNT]"),
        (("--member", "webank=shenzhen:0"), 2, "is not NAME=CITY[:COUNT]"),
        ((*FOUR, "--image", "fiscobcos"), 2, "--image: 'fiscobcos' is not REPOSITORY:TAG"),
        (("--member", "WeBank=shenzhen"), 1, "spec.members[0].name"),
        ((*FOUR, "--version", "3.99.0"), 1, "spec.version"),
        ((*FOUR, "--storage", "1Gi"), 1, "spec.nodeDefaults.storage.size"),
    ],
)
def test_what_makes_no_chain_is_refused_and_nothing_is_written(
    file: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    done = consortium("init", file, *words)
    assert done.code == code
    assert told in done.stderr
    assert not file.exists()


def test_where_nobody_answers_the_option_that_asks_nothing_is_told(file: Path) -> None:
    done = consortium("init", file, stdin="")
    assert done.code == 2
    assert done.stderr.endswith(
        "error: no answer: with --member NAME=CITY[:COUNT],… nothing is asked\n"
    )
    assert not file.exists()


def test_a_chain_that_no_loss_leaves_running_is_noted(file: Path) -> None:
    done = consortium("init", file, "--member", "webank=shenzhen")
    assert done.code == 0
    assert "f is 0" in done.stderr


def test_a_directory_that_is_not_there_is_a_mistake_of_the_command_line(tmp_path: Path) -> None:
    done = consortium("init", tmp_path / "none" / "trade.yaml", *FOUR)
    assert done.code == 2
    assert "no such file or directory" in done.stderr


@given(_TYPED, _TYPED)
def test_any_answer_is_one_string_of_the_file(word: str, city: str) -> None:
    member = NewMember(word, ((city, 1),))
    answers = Answers(word, word, "3.16.4", word, word, (word, word), (member,))
    written = yaml.safe_load(text_of(answers))
    assert written["metadata"]["name"] == word
    assert written["spec"]["members"] == [{"name": word, "nodes": [{"name": city}]}]
