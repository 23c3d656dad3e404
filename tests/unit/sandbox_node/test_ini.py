"""The dialect of Boost property_tree: what is an error, and what is silently something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_sandbox.node.failure import StartFailed
from consortium_sandbox.node.ini import Tree, parse


def tree(text: str) -> Tree:
    return parse(text.encode(), "config.ini")


def one(value: str) -> Tree:
    return tree(f"[s]\nkey={value}\n")


def test_keys_and_values_are_trimmed_and_comment_lines_are_skipped() -> None:
    read = tree("; top\n [p2p] \n  # one\n\t; two\n  listen_ip = 0.0.0.0 \r\n")
    assert read.section("p2p") == {"listen_ip": "0.0.0.0"}


def test_there_are_no_inline_comments() -> None:
    read = one("30300 ; the port")
    assert read.text("s.key", "") == "30300 ; the port"
    assert read.integer("s.key", 1) == 1


def test_an_empty_value_is_a_value() -> None:
    assert one("").text("s.key", "default") == ""


def test_a_key_with_a_dot_is_listed_but_not_found_by_path() -> None:
    read = tree("[consensus]\nnode.0=a:1\n")
    assert read.section("consensus") == {"node.0": "a:1"}
    assert read.find("consensus.node.0") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\nx=1\nx=2\n", "config.ini(3): duplicate key name"),
        ("[a]\nx=1\n[b]\ny=1\n[a]\nz=1\n", "config.ini(5): duplicate section name"),
        ("[a]\nx\n", "config.ini(2): '=' character not found in line"),
        ("[a]\n=1\n", "config.ini(2): key expected"),
        ("[a\nx=1\n", "config.ini(1): unmatched '['"),
        ("\ufeff[a]\nx=1\n", "config.ini(1): '=' character not found in line"),
    ],
)
def test_what_the_parser_refuses(text: str, message: str) -> None:
    with pytest.raises(StartFailed) as caught:
        tree(text)
    assert caught.value.what == message


@pytest.mark.parametrize("text", ["[a]\n[a]\n", "[a]\n[b]\nx=1\n[a]\ny=1\n"])
def test_an_empty_section_is_dropped_and_may_come_again(text: str) -> None:
    tree(text)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("false", False), ("1", True), ("0", False)]
)
def test_a_boolean_is_read_as_it_was_meant(text: str, value: bool) -> None:
    assert one(text).boolean("s.key", not value) is value


@pytest.mark.parametrize("text", ["True", "TRUE", "yes", "on", "2", "", "true ; no", "False"])
@pytest.mark.parametrize("default", [True, False])
def test_other_booleans_are_the_default(text: str, default: bool) -> None:
    assert one(text).boolean("s.key", default) is default
    assert one(text).optional_boolean("s.key") is None


@pytest.mark.parametrize("text", ["", "x", "1x", "1.5", "0x10", "99999999999", "1 2"])
def test_bad_integers_are_the_default(text: str) -> None:
    assert one(text).integer("s.key", 7) == 7


def test_a_negative_unsigned_number_wraps_around() -> None:
    assert one("-1").unsigned("s.key", 7) == 2**32 - 1


@pytest.mark.parametrize("text", ["", "x", "1 ; many", "1.0", str(2**63)])
def test_a_checked_integer_throws_instead(text: str) -> None:
    with pytest.raises(StartFailed, match=r"Invalid value .* for configuration s\.key"):
        one(text).checked_integer("s.key", "1")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        parse(content, "config.ini")
    except StartFailed as caught:
        refusal = caught.what
    else:
        refusal = "config.ini("
    assert refusal.startswith("config.ini(")


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_][a-z0-9_.]{0,8}", fullmatch=True),
        st.text(
            st.characters(codec="utf-8", exclude_characters="\r\n", exclude_categories=["Z", "C"])
        ),
        min_size=1,
    )
)
def test_what_was_written_is_read(keys: dict[str, str]) -> None:
    text = "[s]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
    assert tree(text).section("s") == keys
