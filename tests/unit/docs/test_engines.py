"""docs/engines.md names every module outside the engine that knows FISCO BCOS."""

import re

from tests.documents import Document
from tests.resources import REPOSITORY

_PACKAGE = REPOSITORY / "operator" / "consortium_operator"


def test_each_module_that_a_second_engine_has_to_look_at_is_named() -> None:
    text = Document(REPOSITORY / "docs" / "engines.md").text
    table = text.partition("## What has to move first")[2].partition("## When it is done")[0]
    naming = {
        str(path.relative_to(_PACKAGE))
        for path in _PACKAGE.rglob("*.py")
        if path.relative_to(_PACKAGE).parts[0] not in ("api", "engines")
        and "fisco_bcos" in path.read_text("utf-8")
    }
    assert set(re.findall(r"`(\S+\.py)`", table)) == naming
