"""Rows as CSV, for programs and for spreadsheets alike."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable

from backend.kernel.caller import Caller, Door

BOM = "\ufeff"
"""What a spreadsheet needs at the beginning of a file to read it as UTF-8. A program does not expect it."""
TYPE = "text/csv; charset=utf-8"
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


def line(cells: Iterable[object]) -> str:
    """One row. A text that a spreadsheet would take for a formula has an apostrophe before it; what is no text is written as it is.

    Rows end as RFC 4180 says: only so is a lone carriage return quoted too, which would begin a row of its own.
    """
    out = io.StringIO()
    csv.writer(out).writerow([_text(cell) if isinstance(cell, str) else cell for cell in cells])
    return out.getvalue()


def _text(text: str) -> str:
    return f"'{text}" if text[:1] in _FORMULA else text


def headers(name: str) -> dict[str, str]:
    """Of an answer that a browser keeps as the file `name`.csv."""
    return {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}


async def begun(caller: Caller, lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """`lines` for this reader: a browser hands the file to a spreadsheet, a key belongs to a program.

    The first of them is read here, so that what is wrong with the question is raised before the answer begins.
    """
    first = await anext(lines)
    return _on(BOM + first if caller.door is Door.WORKSPACE else first, lines)


async def _on(first: str, lines: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for some in lines:
        if some:
            yield some
