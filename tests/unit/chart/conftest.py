"""The chart, rendered by the Helm that the sandbox builds."""

import pytest

from consortium_sandbox import tool_path
from tests.charts import Chart


@pytest.fixture(scope="session")
def chart() -> Chart:
    return Chart(tool_path("helm"))
