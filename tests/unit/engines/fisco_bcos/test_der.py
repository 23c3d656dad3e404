"""DER elements, as X.509 names are made of them."""

import pytest
from cryptography import x509
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
