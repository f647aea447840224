"""A document's kind is told in time that grows with its head, whatever stands there."""

from __future__ import annotations

import pytest

from backend.control_plane.knowledge.kinds import recognise


@pytest.mark.parametrize("row", [b"<!-- -->", b"<!--", b"<!---->\n ", b"-->"])
def test_a_row_of_comments_is_text_and_takes_no_time(row: bytes) -> None:
    """It took 2^n steps: 4 KB of comments stopped the whole process for good."""
    assert recognise("notes.txt", row * 500 + b"x") == "text"


def test_comments_before_a_page_do_not_hide_it() -> None:
    assert recognise("page.html", b"<!-- one --> <!-- two --><!doctype html><html><p>Hello</p></html>") == "html"
