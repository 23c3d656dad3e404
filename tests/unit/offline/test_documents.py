"""Files as people write them: read as kubectl reads them, or refused with the line."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.offline.documents import MOST_BYTES, Fault, read_documents
from tests.resources import QUICKSTART_FILE


def values(text: str) -> list[Any]:
    reading = read_documents(text.encode())
    assert reading.faults == ()
    return [document.value for document in reading.documents]


def value(text: str) -> Any:
    (found,) = values(text)
    return found


def fault(text: str | bytes) -> Fault:
    content = text if isinstance(text, bytes) else text.encode()
    (found,) = read_documents(content).faults
    return found


# What a text means.


def test_several_documents_are_read_in_order_and_empty_ones_left_out() -> None:
    assert values("a: 1\n---\n---\n# nothing\n---\nb: 2\n...\n") == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("text", ["", "\n", "# a comment\n", "---\n", "null\n"])
def test_a_file_without_content_has_no_documents(text: str) -> None:
    assert values(text) == []


def test_json_is_read_also_where_it_is_indented_with_tabs() -> None:
    assert value('{\n\t"a": [1,\t"x\\ty"],\n\t"b": "\\ud83d\\ude00"\n}') == {
        "a": [1, "x\ty"],
        "b": "😀",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02", "2026-01-02"),
        ("12:30:45", "12:30:45"),
        ("3.16.4", "3.16.4"),
        ("3.16", 3.16),
        ("1e3", 1000.0),
        ("0x1f", 31),
        ("010", 8),
        ("yes", True),
        ("~", None),
        ("'5'", "5"),
        ("1_000", 1000),
        (".5", 0.5),
        ("٣", "٣"),
    ],
)
def test_plain_words_are_what_kubectl_takes_them_for(text: str, expected: Any) -> None:
    found = value(f"a: {text}\n")["a"]
    assert found == expected
    assert type(found) is type(expected)


def test_anchors_and_merges_are_followed() -> None:
    assert value(
        "x: &base {a: 1, b: 2}\n"
        "y:\n  <<: *base\n  b: 3\n"
        "z: *base\n"
        "w:\n  <<: [*base, {a: 9, c: 4}]\n"
    ) == {
        "x": {"a": 1, "b": 2},
        "y": {"a": 1, "b": 3},
        "z": {"a": 1, "b": 2},
        "w": {"a": 1, "b": 2, "c": 4},
    }


def test_keys_are_texts() -> None:
    assert value("1: a\ntrue: b\nnull: c\n") == {"1": "a", "true": "b", "null": "c"}


def test_a_list_of_objects_counts_as_its_objects() -> None:
    text = "kind: List\nitems:\n- kind: A\n- kind: B\n"
    reading = read_documents(text.encode())
    assert [one.value for one in reading.documents] == [{"kind": "A"}, {"kind": "B"}]
    assert [one.line() for one in reading.documents] == [3, 4]


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    assert read_documents(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n").documents[0].value == {"a": 1, "b": 2}


# Lines.


def test_a_field_is_found_where_it_is_written() -> None:
    (document,) = read_documents(QUICKSTART_FILE.read_bytes()).documents
    lines = QUICKSTART_FILE.read_text("utf-8").splitlines()
    for path, text in {
        "spec.version": '  version: "3.16.4"',
        "spec.members[1].displayName": "      displayName: 四川贸易集团",
        "spec.members[3].nodes[0].name": "        - name: dalian",
    }.items():
        assert lines[document.line(path) - 1] == text


def test_an_absent_field_is_looked_for_in_what_is_around_it() -> None:
    (document,) = read_documents(b"a: 1\nspec:\n  members:\n  - name: x\n").documents
    assert document.line("spec.members[0].nodes") == 4
    assert document.line("spec.members[7]") == 3
    assert document.line("spec.none.at.all") == 2
    assert document.line("other") == 1


def test_a_key_may_hold_dots_itself() -> None:
    text = b"labels:\n  a: {b: 0}\n  a.b/c:\n    d: 1\n"
    (document,) = read_documents(text).documents
    assert document.line("labels.a.b/c.d") == 4
    assert document.line("labels.a.b") == 2


def test_lines_of_a_later_document_count_from_the_top_of_the_file() -> None:
    reading = read_documents(b"a: 1\n---\n\nb:\n  c: 2\n")
    assert reading.documents[1].line("b.c") == 5


def test_json_has_lines_too() -> None:
    (document,) = read_documents(b'{\n\t"spec": {\n\t\t"version": 3\n\t}\n}\n').documents
    assert document.line("spec.version") == 3


# What cannot be read.


def test_a_key_that_stands_twice_is_refused_with_its_line() -> None:
    assert fault("spec:\n  a: 1\n  b: 2\n  a: 3\n") == Fault(
        4, "the key 'a' stands twice in one object: remove one"
    )
    assert fault('{"a": 1,\n "a": 2}').line == 2


def test_all_keys_that_stand_twice_are_told_at_once() -> None:
    reading = read_documents(b"a: 1\na: 2\n---\nb:\n  c: 1\n  c: 1\n")
    assert [one.line for one in reading.faults] == [2, 6]


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n  - b\n\t- c\n", "\ta: 1\n"])
def test_a_tab_is_called_a_tab(text: str) -> None:
    assert "a tab: YAML is indented with spaces" in fault(text).message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\n b: 2\n", 2),
        ("a: [1,\nb: 2\n", 3),
        ("a: 'open\n", 2),
        ("a: 1\nb: *nowhere\n", 2),
        ("a: @x\n", 1),
        ("{", 1),
    ],
)
def test_broken_yaml_is_refused_with_the_line(text: str, line: int) -> None:
    found = fault(text)
    assert found.line == line
    assert found.message.startswith("no readable YAML: ")


def test_what_stands_before_a_broken_document_is_still_read() -> None:
    reading = read_documents(b"a: 1\n---\nb: [\n")
    assert [one.value for one in reading.documents] == [{"a": 1}]
    assert len(reading.faults) == 1


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['true']\n",
        "a: !mine x\n",
        "a: !!binary aGVsbG8=\n",
        "a: !!set {x, y}\n",
        "a: !!timestamp 2026-01-01\n",
    ],
)
def test_tags_are_refused(text: str) -> None:
    assert "has no meaning here" in fault(text).message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: .nan\n", "no number that JSON"),
        ("a: -.inf\n", "no number that JSON"),
        ("a: 1e999\n", "no number that JSON"),
        ('a: "\\ud800"\n', "half a character"),
        ('{"a": "\\ud800"}', "half a character"),
        ("a: " + "9" * 5000 + "\n", "cannot be read"),
        ("? [a]\n: b\n", "a key must be a word"),
        ("? {a: b}\n: b\n", "a key must be a word"),
        ("a: {<<: 1}\n", "takes an object"),
    ],
)
def test_what_json_cannot_hold_is_refused(text: str, message: str) -> None:
    assert message in fault(text).message


def test_an_anchor_that_grows_without_bound_is_refused_at_once() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert "once its anchors are followed" in fault("\n".join(levels)).message


def test_an_anchor_that_holds_itself_is_refused() -> None:
    assert "once its anchors are followed" in fault("a: &a [*a]\n").message
    assert "once its anchors are followed" in fault("a: &a {b: *a}\n").message


@pytest.mark.parametrize("opening", ["[", "{a: ", '{"a":'])
def test_what_is_nested_without_end_is_refused(opening: str) -> None:
    assert read_documents((opening * 1000).encode()).faults
    closing = "]" if opening == "[" else "}"
    assert read_documents((opening * 200 + "1" + closing * 200).encode()).faults


def test_what_is_not_utf8_is_refused_with_the_line() -> None:
    assert fault(b"a: 1\nb: \xff\xfe\n") == Fault(2, "not UTF-8: save it as UTF-8")


def test_a_control_character_is_refused_with_the_line() -> None:
    assert fault(b"a: 1\nb: \x00\n") == Fault(2, "the character U+0000 may not stand here")


def test_a_file_beyond_all_measure_is_refused_unread() -> None:
    assert "MiB" in fault(b"#" * (MOST_BYTES + 1)).message


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    reading = read_documents(content)
    for document in reading.documents:
        json.dumps(document.value, allow_nan=False).encode()
        assert document.line("spec.members[0].nodes") >= 0


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=15,
    ).filter(lambda found: isinstance(found, dict))
)
def test_any_json_object_is_read_as_it_is(found: Any) -> None:
    if found.get("kind") == "List":
        return
    assert value(json.dumps(found)) == found
    assert value(json.dumps(found, ensure_ascii=False, indent="\t")) == found


def test_an_honest_file_is_read_as_pyyaml_reads_it() -> None:
    assert value(QUICKSTART_FILE.read_text("utf-8")) == yaml.safe_load(QUICKSTART_FILE.read_text())
