"""Hooks of MkDocs: shows docs/ as a site, from pages that are written for a git host.

On a git host a page links to any file of the repository, such as ../CONTRIBUTING.md. A site has
only what lies below docs/. So each file that a page links to is taken along below repository/, with
the files that it links to in turn, and links are turned to where the files then are.

Pages fetch nothing from elsewhere: one that would is an error.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
OUTSIDE = "repository"

_CODE = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
_FETCHED = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//")


def place_of(path: Path) -> str:
    """Where a file of the repository is in the site's source."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    return f"{OUTSIDE}/{path.relative_to(REPOSITORY).as_posix()}"


def turned(text: str, path: Path) -> str:
    """The page that is written in `path`, with links to where the files are in the site."""
    here = posixpath.dirname(place_of(path))

    def turn(found: re.Match[str]) -> str:
        target = (path.parent / found[1]).resolve()
        if not target.is_file():
            return found[0]
        return posixpath.relpath(place_of(target), here or ".") + (found[2] or "")

    return _outside_code(text, lambda prose: _LINK.sub(turn, prose))


def taken_along(pages: list[Path]) -> list[Path]:
    """The files outside docs/ that pages link to, and those that these link to."""
    found: dict[Path, None] = {}
    waiting = list(pages)
    while waiting:
        for target in _targets(waiting.pop()):
            if not target.is_relative_to(DOCS) and target not in found:
                found[target] = None
                if target.suffix == ".md":
                    waiting.append(target)
    return sorted(found)


def _targets(path: Path) -> Iterator[Path]:
    prose = _outside_code(path.read_text("utf-8"), lambda text: text, lambda _: "")
    for name, _ in _LINK.findall(prose):
        target = (path.parent / name).resolve()
        if target.is_file() and target.is_relative_to(REPOSITORY):
            yield target


def _outside_code(
    text: str, change: Callable[[str], str], code: Callable[[str], str] = lambda text: text
) -> str:
    parts = _CODE.split(text)
    return "".join(code(part) if index % 2 else change(part) for index, part in enumerate(parts))


def on_config(config):  # type: ignore[no-untyped-def]  # mkdocs is not in the tests' environment
    """Anchors as a git host makes them."""
    from pymdownx.slugs import slugify

    config.mdx_configs["toc"]["slugify"] = slugify(case="lower")
    return config


def on_files(files, config):  # type: ignore[no-untyped-def]
    from mkdocs.structure.files import File

    pages = [Path(file.abs_src_path) for file in files.documentation_pages()]
    for path in taken_along(pages):
        files.append(File.generated(config, place_of(path), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, config, files):  # type: ignore[no-untyped-def]
    return turned(markdown, Path(page.file.abs_src_path))


def on_post_page(output, page, config):  # type: ignore[no-untyped-def]
    from mkdocs.exceptions import PluginError

    if found := _FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri} fetches from elsewhere: {found[0]}")
    return output
