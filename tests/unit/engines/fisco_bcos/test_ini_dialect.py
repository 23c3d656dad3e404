"""The node's INI dialect: read as Boost reads it, written so that it cannot be read otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.engines.fisco_bcos import ini


def test_there_are_no_inline_comments() -> None:
    """Trap 12: a node would read no number here and silently take its default."""
    assert ini.parse("[p2p]\nlisten_port=30300 ; p2p\n") == {"p2p": {"listen_port": "30300 ; p2p"}}


def test_quotes_are_part_of_the_value() -> None:
    assert ini.parse('[a]\nb="1"\n') == {"a": {"b": '"1"'}}


def test_comments_begin_a_line() -> None:
    assert ini.parse("; one\n  # two\n[a]\n  ;b=1\nb=2\n") == {"a": {"b": "2"}}


def test_only_the_first_equals_sign_divides() -> None:
    assert ini.parse("[a]\nb = c=d \n") == {"a": {"b": "c=d"}}


def test_carriage_returns_and_blanks_are_cut_off() -> None:
    assert ini.parse("[ a ]\r\n\t b\t=\t1 \r\n") == {"a": {"b": "1"}}


def test_an_empty_value_is_a_value() -> None:
    assert ini.parse("[a]\nb=\n") == {"a": {"b": ""}}


def test_a_section_without_keys_is_none() -> None:
    assert ini.parse("[a]\n[b]\nc=1\n[d]") == {"b": {"c": "1"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\nb=1\nb=1\n", "line 3: a second key"),
        ("[a]\nb=1\n[c]\n[a]\n", "line 4: a second section"),
        ("[a]\nb\n", "line 2: no key=value"),
        ("[a]\n=1\n", "line 2: no key=value"),
        ("[a\nb=1\n", "line 1: '\\[' without"),
        ("b=1\n", "line 1: a key before the first section"),
        ("\ufeff[a]\nb=1\n", "line 1"),
    ],
)
def test_what_a_node_refuses_is_refused(text: str, message: str) -> None:
    with pytest.raises(ini.InvalidIni, match=message):
        ini.parse(text)


NAMES = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, st.text(max_size=40), max_size=4), max_size=4))
def test_whatever_is_written_is_read_back_exactly_or_refused(
    sections: dict[str, dict[str, str]],
) -> None:
    values = [value for keys in sections.values() for value in keys.values()]
    if any(ini.complaint(value) for value in values):
        with pytest.raises(ini.RenderingDiffers):
            ini.write("config.ini.j2", sections)
    else:
        meant = {name: keys for name, keys in sections.items() if keys}
        assert ini.parse(ini.write("config.ini.j2", sections)) == meant


@pytest.mark.parametrize(
    "value",
    [
        "1\n[rpc]\nenable_ssl=false",
        "1\r",
        "a\x00b",
        "a\u2028b",
        "a\x85b",
        " a",
        "a\u3000",
        "a\u202eb",
    ],
)
def test_a_value_that_could_bring_lines_of_its_own_is_refused(value: str) -> None:
    assert ini.complaint(value) is not None
    with pytest.raises(ini.RenderingDiffers, match=r"a\.b"):
        ini.write("config.ini.j2", {"a": {"b": value}})


@pytest.mark.parametrize("value", ["{{ 7*7 }}", "{% raw %}", "${HOME}", "=", "[x]", ";x", "%s"])
def test_a_value_in_the_syntax_of_templates_stays_as_it_is(value: str) -> None:
    assert ini.parse(ini.write("config.ini.j2", {"a": {"b": value}})) == {"a": {"b": value}}


@pytest.mark.parametrize(
    "sections",
    [
        {"a": {"b=c": "1"}},
        {"a": {"[b": "1"}},
        {"a": {";b": "1"}},
        {"a": {"": "1"}},
        {"a]": {"b": "1"}},
        {"a": {"b": "1", "b ": "2"}},
        {"a\n": {"b": "1"}},
    ],
)
def test_a_name_that_would_be_read_otherwise_is_refused(
    sections: dict[str, dict[str, str]],
) -> None:
    with pytest.raises(ini.RenderingDiffers):
        ini.write("config.ini.j2", sections)
