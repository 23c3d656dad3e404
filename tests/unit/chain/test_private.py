"""Private files show nothing of themselves by accident."""

import copy
import logging
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.private import PrivateFiles

SECRET = b"very-private"
FILES = PrivateFiles({"node.pem": SECRET})


@pytest.mark.parametrize(
    "shown",
    [
        repr(FILES),
        str(FILES),
        f"{FILES}",
        f"{FILES!r}",
        f"{FILES:>80}",
        "%s" % (FILES,),  # noqa: UP031 - the logging module formats this way
        repr([FILES]),
        repr({"files": FILES}),
    ],
)
def test_no_way_of_writing_them_shows_the_content(shown: str) -> None:
    assert "very-private" not in shown
    assert "node.pem" in shown


def test_a_log_line_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("made %s and %r", FILES, FILES)
    assert "very-private" not in caplog.text


def test_they_are_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(FILES)
    with pytest.raises(TypeError):
        copy.copy(FILES)


def test_they_are_a_map_of_file_names() -> None:
    assert FILES["node.pem"] == SECRET
    assert list(FILES) == ["node.pem"]
    assert len(FILES) == 1


def test_a_later_change_of_the_source_does_not_reach_them() -> None:
    source = {"a": b"1"}
    files = PrivateFiles(source)
    source["a"] = b"2"
    assert files["a"] == b"1"


@given(st.dictionaries(st.text(max_size=5), st.binary(max_size=20), max_size=3))
def test_a_secrets_data_is_read_back_as_it_was_written(files: dict[str, bytes]) -> None:
    assert dict(PrivateFiles.from_secret_data(PrivateFiles(files).to_secret_data())) == files


def test_an_empty_secret_has_no_files() -> None:
    assert len(PrivateFiles.from_secret_data(None)) == 0


def test_data_that_is_not_base64_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="not base64") as refused:
        PrivateFiles.from_secret_data({"node.pem": "very-private!"})
    assert "very-private" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
