"""The node's INI dialect, that of Boost property_tree: a reader, and a writer that reads back.

The dialect is not Python's: there are no inline comments, no quotes and no continued lines; a
second section or key of one name is an error. A key's value is what stands behind the first "=",
without the blanks around it.
"""

import unicodedata
from collections.abc import Mapping

from consortium_operator.engines.fisco_bcos.templates import render

# What C's isspace() takes for a blank; Python's strip() would also remove others.
_BLANKS = " \t\n\v\f\r"

Sections = Mapping[str, Mapping[str, str]]


class InvalidIni(ValueError):
    """A text that the node would refuse. The message names the line by its number only."""


class RenderingDiffers(ValueError):
    """A rendered file would not be read as it was meant. The message names sections and keys."""


def parse(text: str) -> dict[str, dict[str, str]]:
    """Section → key → value, in the order of the text. A section without keys is dropped, as the
    node does. Raises InvalidIni."""
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] | None = None
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip(_BLANKS)
        if not line or line[0] in ";#":
            continue
        if line[0] == "[":
            section = _new_section(found, line, number)
        elif section is None:
            raise InvalidIni(f"line {number}: a key before the first section")
        else:
            _add_key(section, line, number)
    return {name: keys for name, keys in found.items() if keys}


def _new_section(found: dict[str, dict[str, str]], line: str, number: int) -> dict[str, str]:
    name, bracket, _ = line[1:].partition("]")
    if not bracket:
        raise InvalidIni(f"line {number}: '[' without ']'")
    name = name.strip(_BLANKS)
    if name in found:
        raise InvalidIni(f"line {number}: a second section of this name")
    found[name] = {}
    return found[name]


def _add_key(section: dict[str, str], line: str, number: int) -> None:
    key, equals, value = line.partition("=")
    key = key.strip(_BLANKS)
    if not equals or not key:
        raise InvalidIni(f"line {number}: no key=value")
    if key in section:
        raise InvalidIni(f"line {number}: a second key of this name")
    section[key] = value.strip(_BLANKS)


def complaint(value: str) -> str | None:
    """Why `value` cannot stand in the file as it is, or None."""
    if value != value.strip():
        return "must not begin or end with a blank: the node would cut it off"
    # Line breaks of every sort (Zl and Zp are Unicode's own), other control characters, halves
    # of characters, and invisible ones that hide what a line says.
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in value):
        return "must not hold line breaks or other control characters"
    return None


def write(template: str, sections: Sections) -> str:
    """`sections` as a text of the node's dialect. Raises RenderingDiffers where the node would
    read anything else in it."""
    for section, keys in sections.items():
        for key, value in keys.items():
            if complaint(value) is not None:
                raise RenderingDiffers(f"{section}.{key} {complaint(value)}")
    text = render(template, sections=sections)
    meant = {name: dict(keys) for name, keys in sections.items() if keys}
    try:
        read = parse(text)
    except InvalidIni as error:
        raise RenderingDiffers(f"{template}: {error}") from error
    if read != meant:
        wrong = sorted(
            name for name in read.keys() | meant.keys() if read.get(name) != meant.get(name)
        )
        raise RenderingDiffers(
            f"{template}: the node would read other values in {', '.join(wrong)}"
        )
    return text
