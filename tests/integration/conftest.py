"""The order in which test files are shared out to processes."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What makes sandboxes come and go takes longest: begun last, it would keep one process busy
    while the others have nothing left to do."""
    items.sort(key=lambda item: "sandbox" not in item.path.parts)
