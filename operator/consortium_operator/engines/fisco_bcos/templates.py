"""The one loader of the node's file templates (templates/fisco-bcos in the source tree)."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_PACKAGE = Path(__file__).parents[2]
# A wheel carries its own copy; in the source tree the templates are beside operator/.
_ROOTS = (_PACKAGE / "_templates", _PACKAGE.parents[1] / "templates")


@cache
def _environment() -> Environment:
    # No HTML here, so no escaping; what values may hold is checked in ini.py, and what is
    # rendered is read back there.
    return Environment(
        loader=FileSystemLoader([root / "fisco-bcos" for root in _ROOTS]),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(name: str, **values: object) -> str:
    """The template `name` filled in. A value that a template asks for and that is not given is
    an error."""
    return _environment().get_template(name).render(**values)
