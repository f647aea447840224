"""Read a document into blocks, each with its place. Runs only in the one-shot process of `extract`."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator

from backend.control_plane.knowledge.kinds import decode
from backend.control_plane.knowledge.policy import Block
from backend.kernel.errors import Invalid

_HEADING_TAGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCK_TAGS = ("p", "li", "td", "th", "pre", "blockquote", "dt", "dd", "figcaption", "caption", "summary")


def read(kind: str, data: bytes) -> Iterator[Block]:
    """Raises Invalid, in words for the customer, for what cannot be read."""
    return _READERS[kind](data)


class _Place:
    """The heading one stands under: the chain from the second level down, since the first is usually the document's own title."""

    def __init__(self) -> None:
        self._chain: list[tuple[int, str]] = []

    def enter(self, level: int, title: str) -> None:
        self._chain = [*(pair for pair in self._chain if pair[0] < level), (level, " ".join(title.split()))]

    def __str__(self) -> str:
        chain = [title for level, title in self._chain if level > 1] or [title for _, title in self._chain]
        return " › ".join(chain)[:200]


def _text(data: bytes) -> Iterator[Block]:
    """Paragraphs stand between empty lines; their place is the line they begin on."""
    held: list[str] = []
    start = 1
    for number, line in enumerate([*decode(data).splitlines(), ""], 1):
        if line.strip():
            start = start if held else number
            held.append(line)
        elif held:
            yield Block(f"line {start}", "\n".join(held))
            held = []


def _markdown(data: bytes) -> Iterator[Block]:
    from markdown_it import MarkdownIt

    place, heading = _Place(), 0
    for token in MarkdownIt("commonmark", {"html": False}).enable("table").parse(decode(data)):
        if token.type == "heading_open":
            heading = int(token.tag[1])
        elif token.type == "inline":
            plain = "".join(
                "\n" if child.type in {"softbreak", "hardbreak"} else child.content
                for child in token.children or ()
                if child.type != "image"
            )
            if heading:
                place.enter(heading, plain)
                heading = 0
            elif plain.strip():
                yield Block(str(place), plain)
        elif token.type in {"fence", "code_block"}:
            yield Block(str(place), token.content)


def _html(data: bytes) -> Iterator[Block]:
    from bs4 import BeautifulSoup, Tag

    soup = BeautifulSoup(decode(data), "lxml")
    for unread in soup(["script", "style", "noscript", "template", "svg", "nav", "head", "iframe", "form"]):
        unread.decompose()
    for line_break in soup("br"):
        line_break.replace_with("\n")
    place = _Place()
    for tag in soup.find_all([*_HEADING_TAGS, *_BLOCK_TAGS, "div"]):
        assert isinstance(tag, Tag)
        # An element that holds other blocks is read through them, so that nothing is read twice.
        if tag.find([*_HEADING_TAGS, *_BLOCK_TAGS, "div"]):
            continue
        content = " ".join(tag.get_text().split())
        if not content:
            continue
        if tag.name in _HEADING_TAGS:
            place.enter(int(tag.name[1]), content)
        else:
            yield Block(str(place), content)


def _pdf(data: bytes) -> Iterator[Block]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Invalid("The PDF is protected by a password. Remove the password and upload it again.")
        for number, page in enumerate(reader.pages, 1):
            # A hyphen at a line's end joins a word; an empty line parts paragraphs.
            content = re.sub(r"(\w)-\n(?=[a-z])", r"\1", page.extract_text() or "")
            for paragraph in re.split(r"\n\s*\n", content):
                yield Block(f"p. {number}", " ".join(paragraph.split()))
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError) as fault:
        raise Invalid("The PDF is broken and cannot be read.") from fault


def _docx(data: bytes) -> Iterator[Block]:
    from docx import Document
    from docx.opc.exceptions import OpcError
    from docx.table import Table

    try:
        document = Document(io.BytesIO(data))
    except (OpcError, KeyError, ValueError, SyntaxError) as fault:
        raise Invalid("The Word document is broken and cannot be read.") from fault
    place = _Place()
    for part in document.iter_inner_content():
        if isinstance(part, Table):
            for row in part.rows:
                yield Block(str(place), " | ".join(dict.fromkeys(cell.text.strip() for cell in row.cells)))
            continue
        level = re.fullmatch(r"(?:Heading (\d)|Title)", (part.style.name or "") if part.style else "")
        if level and part.text.strip():
            place.enter(int(level[1] or 1), part.text)
        else:
            yield Block(str(place), part.text)


_READERS: dict[str, Callable[[bytes], Iterator[Block]]] = {
    "text": _text,
    "markdown": _markdown,
    "html": _html,
    "pdf": _pdf,
    "docx": _docx,
}
