"""DER elements, as X.509 names are made of them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.engines.fisco_bcos import der

contents = st.binary(max_size=300) | st.sampled_from(
    [bytes(n) for n in (127, 128, 255, 256, 65536)]
)


@given(st.lists(st.tuples(st.sampled_from([der.SEQUENCE, der.SET, der.UTF8_STRING]), contents)))
def test_elements_come_apart_as_they_were_put_together(parts: list[tuple[int, bytes]]) -> None:
    elements = [der.encode(tag, content) for tag, content in parts]
    assert der.split(b"".join(elements)) == elements
    assert [der.content_of(element) for element in elements] == [content for _, content in parts]


@pytest.mark.parametrize("length", [1, 60, 64, 65, 127, 128, 200, 400])
def test_the_encoding_is_that_of_the_library(length: int) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.TITLE, "x" * length)]).public_bytes()
    (rdn,) = der.split(der.content_of(name))
    (attribute,) = der.split(der.content_of(rdn))
    oid, value = der.split(der.content_of(attribute))
    text = der.encode(der.UTF8_STRING, der.content_of(value))
    rebuilt = der.encode(der.SET, der.encode(der.SEQUENCE, oid + text))
    assert der.encode(der.SEQUENCE, rebuilt) == name


@given(contents)
def test_an_element_cut_short_is_refused(content: bytes) -> None:
    element = der.encode(der.SEQUENCE, content)
    for end in {1, 2, 3, len(element) // 2, len(element) - 1} - {0, len(element)}:
        if end < len(element):
            with pytest.raises(ValueError, match="cut short"):
                der.split(element[:end])


# --- what certificates are put together from ------------------------------------------------------

numbers = st.integers(0, (1 << 260) - 1) | st.sampled_from([127, 128, 255, 256, 32767, 32768])


@given(numbers, numbers)
def test_integers_are_those_of_the_library(one: int, other: int) -> None:
    encoded = der.sequence(der.integer(one), der.integer(other))
    assert encoded == encode_dss_signature(one, other)
    assert der.integers_of(encoded) == [one, other]


identifiers = st.tuples(
    st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 1 << 27), min_size=1, max_size=8)
).map(lambda parts: ".".join(map(str, (parts[0], parts[1], *parts[2]))))


@given(identifiers)
def test_object_identifiers_are_those_of_the_library(dotted: str) -> None:
    named = x509.Name([x509.NameAttribute(x509.ObjectIdentifier(dotted), "x")]).public_bytes()
    (rdn,) = der.split(der.content_of(named))
    (attribute,) = der.split(der.content_of(rdn))
    oid, _ = der.split(der.content_of(attribute))
    assert der.object_identifier(dotted) == oid


@pytest.mark.parametrize(
    ("moment", "encoded"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), b"\x17\x0d260102030405Z"),
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x17\x0d491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), b"\x18\x0f20500101000000Z"),
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=8))), b"\x17\x0d260101190000Z"),
    ],
)
def test_a_time_is_written_in_utc_with_as_many_digits_as_its_year_wants(
    moment: datetime, encoded: bytes
) -> None:
    """RFC 5280, section 4.1.2.5."""
    assert der.time(moment) == encoded


def test_small_elements_are_tag_length_and_content() -> None:
    assert der.boolean(True) == b"\x01\x01\xff"
    assert der.boolean(False) == b"\x01\x01\x00"
    assert der.octet_string(b"ab") == b"\x04\x02ab"
    assert der.bit_string(b"ab") == b"\x03\x03\x00ab"
    assert der.explicit(3, b"a", b"b") == b"\xa3\x02ab"


@pytest.mark.parametrize(
    "element", [b"", b"\x30", b"\x31\x00", b"\x30\x03\x04\x01a", b"\x02\x01\x05"]
)
def test_what_is_no_sequence_of_integers_is_refused(element: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 # whichever way it is none
        der.integers_of(element)
