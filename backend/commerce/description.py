"""Product descriptions: Saleor keeps EditorJS documents as JSON; pages want safe HTML, cards and meta tags want plain text. Pure.

Text in a block may carry inline HTML of whoever wrote the product. It is taken for text: tags are dropped, the rest is escaped, and the
only tags that come out are the ones written here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Description:
    html: str
    plain: str


def read(document: str | None) -> Description:
    """From EditorJS JSON. What is not JSON is taken for plain text, a paragraph a line; an unknown block is left out."""
    if not document:
        return Description("", "")
    try:
        parsed = json.loads(document)
    except ValueError:
        parsed = {"blocks": [{"type": "paragraph", "data": {"text": line}} for line in document.splitlines()]}
    blocks = parsed.get("blocks") if isinstance(parsed, dict) else None
    shown = [pair for block in blocks if isinstance(block, dict) for pair in _block(block)] if isinstance(blocks, list) else []
    return Description("".join(html for html, _ in shown), "\n".join(plain for _, plain in shown))


def _block(block: dict[str, Any]) -> Iterator[tuple[str, str]]:
    data = block.get("data")
    maker = _BLOCKS.get(str(block.get("type")))
    if maker and isinstance(data, dict):
        yield from maker(data)


def _text(value: object) -> str:
    """Entities are resolved before tags are looked for, so that an escaped tag cannot come back to life."""
    return " ".join(_TAG.sub("", unescape(str(value or ""))).split())


def _paragraph(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if text := _text(data.get("text")):
        yield f"<p>{escape(text)}</p>", text


def _header(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A page has its own h1 and h2, so the document's headings start below them."""
    if text := _text(data.get("text")):
        level = data.get("level")
        tag = "h3" if isinstance(level, int) and level <= 2 else "h4"
        yield f"<{tag}>{escape(text)}</{tag}>", text


def _list(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    found = data.get("items")
    items = [_text(item.get("content") if isinstance(item, dict) else item) for item in found] if isinstance(found, list) else []
    items = [item for item in items if item]
    if items:
        tag = "ol" if data.get("style") == "ordered" else "ul"
        yield f"<{tag}>{''.join(f'<li>{escape(item)}</li>' for item in items)}</{tag}>", "\n".join(f"- {item}" for item in items)


def _quote(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if text := _text(data.get("text")):
        yield f"<blockquote>{escape(text)}</blockquote>", text


_BLOCKS: dict[str, Callable[[dict[str, Any]], Iterator[tuple[str, str]]]] = {
    "paragraph": _paragraph,
    "header": _header,
    "list": _list,
    "quote": _quote,
}
