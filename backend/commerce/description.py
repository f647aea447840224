"""Product descriptions: Saleor keeps EditorJS documents as JSON; pages want safe HTML, cards and meta tags want plain text. Pure.

The words of a block may carry inline HTML of whoever wrote the product, or of whoever broke into their account. Only what nh3 lets through
comes out of them; every other tag in the result is one written here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape, unescape
from typing import Any
from urllib.parse import urlsplit

import nh3

MAX_DOCUMENT = 500_000
"""Characters of JSON. A longer document is no description."""
MAX_HTML = 60_000
"""Characters of HTML; the block that would exceed it and all that follow are left out."""
MAX_DEPTH = 4
"""Lists within lists; what is deeper is left out."""
_SCHEMES = {"http", "https", "mailto"}
_INLINE = {"b", "i", "strong", "em", "code", "mark", "br"}
_REL = "noopener nofollow"

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Description:
    html: str
    plain: str


Shown = Iterator[tuple[str, str]]
"""Pairs of HTML and the same in plain text."""


def read(document: str | None) -> Description:
    """From EditorJS JSON. What is not JSON is taken for plain text, a paragraph a line; an unknown block is left out."""
    if not document or len(document) > MAX_DOCUMENT:
        return Description("", "")
    html: list[str] = []
    plain: list[str] = []
    room = MAX_HTML
    for block in _blocks(document):
        for marked, said in _block(block):
            room -= len(marked)
            if room < 0:
                return Description("".join(html), "\n".join(plain))
            html.append(marked)
            plain += [said] if said else []
    return Description("".join(html), "\n".join(plain))


def _blocks(document: str) -> list[Any]:
    try:
        parsed = json.loads(document)
    except RecursionError:
        return []
    except ValueError:
        return [{"type": "paragraph", "data": {"text": escape(line)}} for line in document.splitlines()]
    blocks = parsed.get("blocks") if isinstance(parsed, dict) else None
    return blocks if isinstance(blocks, list) else []


def _block(block: object) -> Shown:
    if not isinstance(block, dict):
        return
    data, maker = block.get("data"), _BLOCKS.get(str(block.get("type")))
    if maker and isinstance(data, dict):
        yield from maker(data)


def _href(_tag: str, name: str, value: str) -> str | None:
    """A link leads to another site or to a mailbox; within this site it could only be a trap."""
    return value if name != "href" or _address(value) else None


def _address(value: object, schemes: set[str] = _SCHEMES) -> str:
    """The URL, or "" when it is none that may be shown."""
    text = str(value or "").strip()
    try:
        return text if len(text) <= 2000 and urlsplit(text).scheme.lower() in schemes else ""
    except ValueError:
        return ""


_words = nh3.Cleaner(
    tags=_INLINE | {"a"}, attributes={"a": {"href"}}, url_schemes=_SCHEMES, link_rel=_REL, attribute_filter=_href, strip_comments=True
)
_bare = nh3.Cleaner(tags=set(), strip_comments=True)


def _inline(value: object) -> tuple[str, str]:
    """Words with the formatting that may stay, and without any."""
    if not isinstance(value, str | int | float):
        return "", ""
    text = str(value)
    plain = " ".join(unescape(_bare.clean(text.replace("<br", " <br"))).split())
    return (_words.clean(text).strip(), plain) if plain else ("", "")


def _paragraph(data: Data) -> Shown:
    html, plain = _inline(data.get("text"))
    if plain:
        yield f"<p>{html}</p>", plain


def _header(data: Data) -> Shown:
    """A page has its own h1 and h2, so the document's headings start below them."""
    html, plain = _inline(data.get("text"))
    if plain:
        level = data.get("level")
        tag = "h3" if isinstance(level, int) and level <= 2 else "h4"
        yield f"<{tag}>{html}</{tag}>", plain


def _list(data: Data) -> Shown:
    style = data.get("style")
    html, plain = _items(data.get("items"), "ol" if style == "ordered" else "ul", style == "checklist", 1)
    if plain:
        yield html, "\n".join(plain)


def _checklist(data: Data) -> Shown:
    yield from _list({"items": data.get("items"), "style": "checklist"})


def _items(found: object, tag: str, checks: bool, depth: int) -> tuple[str, list[str]]:
    """A list with the lists in it. An item is its words, or an object with `content` or `text`, and maybe `items` of its own."""
    html, plain = [], []
    for item in found if isinstance(found, list) and depth <= MAX_DEPTH else []:
        data = item if isinstance(item, dict) else {"content": item}
        marked, said = _inline(data.get("content", data.get("text")))
        inner, below = _items(data.get("items"), tag, checks, depth + 1)
        if not (said or below):
            continue
        sign = _check(data) if checks else ""
        html.append(f"<li>{sign}{marked}{inner}</li>")
        plain += [f"- {sign}{said}", *(f"  {line}" for line in below)]
    return (f"<{tag}>{''.join(html)}</{tag}>" if html else ""), plain


def _check(data: Data) -> str:
    meta = data.get("meta")
    done = data.get("checked") or (isinstance(meta, dict) and meta.get("checked"))
    return "☑ " if done else "☐ "


def _quote(data: Data) -> Shown:
    (html, plain), (who, name) = _inline(data.get("text")), _inline(data.get("caption"))
    if plain:
        by = f"<p><cite>{who}</cite></p>" if name else ""
        yield f"<blockquote><p>{html}</p>{by}</blockquote>", f"{plain} ({name})" if name else plain


def _delimiter(_: Data) -> Shown:
    yield "<hr>", ""


def _table(data: Data) -> Shown:
    content = data.get("content")
    rows = [[_inline(cell) for cell in row] for row in content if isinstance(row, list)] if isinstance(content, list) else []
    if not any(plain for row in rows for _, plain in row):
        return
    head = rows[:1] if data.get("withHeadings") else []
    drawn = [_row(row, "th" if head and not at else "td") for at, row in enumerate(rows)]
    top = f"<thead>{drawn[0]}</thead>" if head else ""
    body = f"<tbody>{''.join(drawn[len(head) :])}</tbody>"
    yield f"<table>{top}{body}</table>", "\n".join(", ".join(plain for _, plain in row if plain) for row in rows)


def _row(cells: list[tuple[str, str]], tag: str) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    return f"<tr>{''.join(f'<{tag}{scope}>{html}</{tag}>' for html, _ in cells)}</tr>"


def _code(data: Data) -> Shown:
    code = data.get("code")
    if isinstance(code, str) and code.strip():
        yield f"<pre><code>{escape(code)}</code></pre>", code.strip()


def _image(data: Data) -> Shown:
    file, (caption, plain) = data.get("file"), _inline(data.get("caption"))
    url = _address((file.get("url") if isinstance(file, dict) else None) or data.get("url"), {"http", "https"})
    if url:
        below = f"<figcaption>{caption}</figcaption>" if plain else ""
        yield f'<figure><img src="{escape(url)}" alt="{escape(plain)}" loading="lazy">{below}</figure>', plain


def _warning(data: Data) -> Shown:
    (title, name), (html, plain) = _inline(data.get("title")), _inline(data.get("message"))
    head, body = (f"<p><strong>{title}</strong></p>" if name else ""), (f"<p>{html}</p>" if plain else "")
    if head or body:
        yield f"<aside>{head}{body}</aside>", ": ".join(filter(None, (name, plain)))


def _embed(data: Data) -> Shown:
    """A frame of somebody else's is not let in; the way to it is."""
    url = _address(data.get("source") or data.get("link") or data.get("embed"), {"http", "https"})
    _, caption = _inline(data.get("caption"))
    if url:
        yield f'<p><a href="{escape(url)}" rel="{_REL}">{escape(caption or url)}</a></p>', caption or url


_BLOCKS: dict[str, Callable[[Data], Shown]] = {
    "paragraph": _paragraph,
    "header": _header,
    "list": _list,
    "nestedList": _list,
    "checklist": _checklist,
    "quote": _quote,
    "delimiter": _delimiter,
    "table": _table,
    "code": _code,
    "image": _image,
    "warning": _warning,
    "embed": _embed,
    "linkTool": _embed,
}
