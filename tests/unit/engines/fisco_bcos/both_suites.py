"""The same tests for Standard and SM chains."""

import pytest

from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD

in_both_suites = pytest.mark.parametrize("suite", [STANDARD, SM], ids=["Standard", "SM"])
"""Gives a test the argument `suite`."""
