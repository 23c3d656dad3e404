"""The same tests for Standard and SM chains."""

import pytest

from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD

in_both_suites = pytest.mark.parametrize("suite", [STANDARD, SM], ids=["Standard", "SM"])
"""Gives a test the argument `suite`."""

every_leaf = pytest.mark.parametrize(
    ("suite", "leaf"),
    [(suite, leaf) for suite in (STANDARD, SM) for leaf in suite.leaves],
    ids=[
        f"{name} {leaf.certificate}"
        for name, suite in (("Standard", STANDARD), ("SM", SM))
        for leaf in suite.leaves
    ],
)
"""Gives a test a suite and one of the certificates that its nodes have."""
