from __future__ import annotations

import gzip
import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3] / "assets" / "widget.js"


def test_the_script_is_under_15_kb_compressed() -> None:
    assert len(gzip.compress(SOURCE.read_bytes())) < 15 * 1024


def test_nothing_in_the_script_turns_text_into_markup_or_code() -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|createContextualFragment|\beval\b|new Function|setHTML"
    assert re.findall(ways, SOURCE.read_text()) == []


def test_the_script_keeps_nothing_beyond_the_tab() -> None:
    assert re.findall(r"localStorage|document\.cookie|indexedDB", SOURCE.read_text()) == []


def test_a_visitor_never_reads_of_credits_or_of_us() -> None:
    shown = re.findall(r'"[^"\n]*"|`[^`]*`', SOURCE.read_text())
    assert [text for text in shown if re.search(r"\bCMP\b|\bcredits?\b", text)] == []
