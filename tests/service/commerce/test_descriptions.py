"""What sellers write becomes HTML that is safe to show, whoever wrote it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.commerce import description

TAGS = {"p", "h3", "h4", "ul", "ol", "li", "blockquote", "cite", "hr", "table", "thead", "tbody", "tr", "th", "td", "pre", "code"}
TAGS |= {"figure", "figcaption", "img", "aside", "strong", "b", "i", "em", "mark", "br", "a"}
ATTRIBUTES = {"a": {"href", "rel"}, "img": {"src", "alt", "loading"}, "th": {"scope"}}


class Seen(HTMLParser):
    """Fails on a tag, an attribute or an address that may not come out."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES.get(tag, set())
        given = dict(attrs)
        assert str(given.get("href", "https://")).lower().startswith(("http://", "https://", "mailto:"))
        assert str(given.get("src", "https://")).lower().startswith(("http://", "https://"))
        if tag == "a":
            assert given["rel"] == "noopener nofollow"

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def document(*blocks: object) -> str:
    return json.dumps({"time": 1, "blocks": list(blocks), "version": "2.24.3"})


def block(kind: str, **data: Any) -> dict[str, Any]:
    return {"id": "x", "type": kind, "data": data}


def html(*blocks: object) -> str:
    found = description.read(document(*blocks)).html
    Seen(convert_charrefs=True).feed(found)
    return found


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("paragraph", {"text": "Answers &amp; <b>cites</b>."}, "<p>Answers &amp; <b>cites</b>.</p>"),
        ("header", {"text": "What", "level": 1}, "<h3>What</h3>"),
        ("header", {"text": "What", "level": 4}, "<h4>What</h4>"),
        ("list", {"style": "ordered", "items": ["One", {"content": "Two"}]}, "<ol><li>One</li><li>Two</li></ol>"),
        (
            "list",
            {"style": "unordered", "items": [{"content": "One", "items": [{"content": "Deep", "items": []}]}]},
            "<ul><li>One<ul><li>Deep</li></ul></li></ul>",
        ),
        (
            "checklist",
            {"items": [{"text": "Done", "checked": True}, {"text": "Open", "checked": False}]},
            "<ul><li>☑ Done</li><li>☐ Open</li></ul>",
        ),
        ("list", {"style": "checklist", "items": [{"content": "Done", "meta": {"checked": True}}]}, "<ul><li>☑ Done</li></ul>"),
        ("quote", {"text": "Good", "caption": "Ada"}, "<blockquote><p>Good</p><p><cite>Ada</cite></p></blockquote>"),
        ("delimiter", {}, "<hr>"),
        (
            "table",
            {"withHeadings": True, "content": [["A", "B"], ["1", "<b>2</b>"]]},
            '<table><thead><tr><th scope="col">A</th><th scope="col">B</th></tr></thead>'
            "<tbody><tr><td>1</td><td><b>2</b></td></tr></tbody></table>",
        ),
        ("code", {"code": "if a < b:\n  <b>"}, "<pre><code>if a &lt; b:\n  &lt;b&gt;</code></pre>"),
        (
            "image",
            {"file": {"url": "https://cdn.example/a.png?x=1&y=2"}, "caption": "A <b>desk</b>"},
            '<figure><img src="https://cdn.example/a.png?x=1&amp;y=2" alt="A desk" loading="lazy">'
            "<figcaption>A <b>desk</b></figcaption></figure>",
        ),
        ("warning", {"title": "Mind", "message": "the gap"}, "<aside><p><strong>Mind</strong></p><p>the gap</p></aside>"),
        (
            "embed",
            {"service": "youtube", "source": "https://video.example/1", "embed": "https://video.example/e/1", "caption": "A film"},
            '<p><a href="https://video.example/1" rel="noopener nofollow">A film</a></p>',
        ),
        ("raw", {"html": "<iframe src=x></iframe>"}, ""),
        ("something-new", {"text": "x"}, ""),
    ],
)
def test_a_block_keeps_its_shape(kind: str, data: dict[str, Any], expected: str) -> None:
    assert html(block(kind, **data)) == expected


def test_inline_formatting_stays_and_links_lead_out_of_the_site_only() -> None:
    text = '<i>a</i> <strong>b</strong> <em>c</em> <code>d</code> <mark class="x">e</mark> <a href="https://x.example" target="_top">f</a>'
    assert html(block("paragraph", text=text)) == (
        "<p><i>a</i> <strong>b</strong> <em>c</em> <code>d</code> <mark>e</mark> "
        '<a href="https://x.example" rel="noopener nofollow">f</a></p>'
    )
    for trap in ("/auth/logout", "//evil.example", "javascript:alert(1)", "data:text/html,x", "java\nscript:alert(1)"):
        assert "href" not in html(block("paragraph", text=f'<a href="{trap}">x</a>'))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&amp;lt;script&amp;gt;alert(1)",
        "<scr<script>ipt>alert(1)",
        "<b onclick=alert(1) style='position:fixed'>x</b>",
        "</p></div><form action=https://evil.example><input></form>",
        "<img src=x onerror=alert(1)",
        "<!-- <b> -->",
    ],
)
@pytest.mark.parametrize("kind", ["paragraph", "header", "quote", "warning", "list", "table", "code", "image", "embed"])
def test_nothing_that_could_run_comes_out_of_any_block(kind: str, text: str) -> None:
    url = {"file": {"url": text}, "source": text}
    html(
        block(kind, text=text, caption=text, title=text, message=text, items=[text, {"content": text}], content=[[text]], code=text, **url)
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["text", "items", "content", "type", "data", "file"]), inner)
    ),
    max_leaves=12,
)


@given(kind=st.sampled_from([*description._BLOCKS, "none"]), data=JSON, extra=JSON)
def test_no_document_whatever_its_shape_breaks_the_reader(kind: str, data: object, extra: object) -> None:
    html({"type": kind, "data": data}, {"type": kind, "data": {"text": data, "items": extra, "content": extra, "file": data}}, extra)


def test_lists_within_lists_end_somewhere() -> None:
    item: dict[str, Any] = {"content": "deepest"}
    for _ in range(50):
        item = {"content": "level", "items": [item]}
    assert html(block("list", items=[item])).count("<ul>") == description.MAX_DEPTH


def test_a_document_nested_beyond_all_reason_is_empty() -> None:
    assert description.read('{"blocks":' + "[" * 200_000) == description.Description("", "")


def test_a_long_description_is_cut_between_blocks_and_a_huge_one_left_out() -> None:
    read = description.read(document(*[block("paragraph", text="x" * 1000)] * 300))
    assert description.MAX_HTML - 2000 < len(read.html) <= description.MAX_HTML
    assert read.html.endswith("</p>")
    assert description.read(document(block("paragraph", text="x" * description.MAX_DOCUMENT))).html == ""


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"blocks": 3}', '{"blocks": [3, {"type": "paragraph"}]}'])
def test_a_document_without_text_is_empty(text: str | None) -> None:
    assert description.read(text) == description.Description("", "")


def test_plain_text_is_taken_as_paragraphs() -> None:
    assert description.read("One < two\nThree").html == "<p>One &lt; two</p><p>Three</p>"


def test_the_plain_words_have_no_formatting_and_no_entities() -> None:
    read = description.read(
        document(block("header", text="What it does"), block("paragraph", text="Answers &amp; <b>cites</b>.<br>Always"), block("delimiter"))
    )
    assert read.plain == "What it does\nAnswers & cites. Always"
