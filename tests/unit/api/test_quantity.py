"""Quantities and durations mean what they mean in Kubernetes."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.api.quantity import parse_duration, parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2Gi", Decimal(2 * 1024**3)),
        ("1.5Ki", Decimal(1536)),
        ("20G", Decimal(20 * 10**9)),
        ("500m", Decimal("0.5")),
        ("12", Decimal(12)),
        ("1e3", Decimal(1000)),
        (".5", Decimal("0.5")),
        ("-1k", Decimal(-1000)),
    ],
)
def test_a_quantity_has_a_value(text: str, value: Decimal) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize("text", ["", "Gi", "2GB", "1 Gi", "2gi", "0x10", "1e1.5", "1e9999999999"])
def test_other_texts_are_no_quantity(text: str) -> None:
    assert parse_quantity(text) is None


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("8760h", timedelta(days=365)),
        ("1h30m", timedelta(minutes=90)),
        ("45s", timedelta(seconds=45)),
        ("0h", timedelta(0)),
    ],
)
def test_a_duration_has_a_length(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "8760", "1d", "1m1h", "-1h", "1.5h", "1h "])
def test_other_texts_are_no_duration(text: str) -> None:
    assert parse_duration(text) is None


@given(st.text(max_size=24))
def test_no_text_breaks_the_parsers(text: str) -> None:
    parse_quantity(text)
    parse_duration(text)
