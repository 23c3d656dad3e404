"""Which cases of a test each run has, and which wait for the long campaigns (`make check-all`)."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def few_of(values: Iterable[Any], *, quick: Collection[Any]) -> list[Any]:
    """For `parametrize`: the `quick` ones in each run, all of them in the campaigns."""
    return [
        pytest.param(value, marks=() if value in quick else pytest.mark.campaign)
        for value in values
    ]
