"""CSV that a spreadsheet takes for what it is."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kernel import sheet
from backend.kernel.caller import Caller, Door, Role
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import Credits


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_text_that_looks_like_a_formula_is_no_formula_any_more(text: str) -> None:
    [[cell]] = csv.reader(io.StringIO(sheet.line([text]), newline=""))
    assert cell == f"'{text}"


def test_a_number_keeps_its_sign() -> None:
    assert sheet.line([Credits.of("-1.5"), -3, 0]) == "-1.5,-3,0\r\n"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2))
def test_a_row_is_read_back_as_it_was_written(cells: list[str]) -> None:
    [row] = csv.reader(io.StringIO(sheet.line(cells), newline=""))
    assert [read.removeprefix("'") for read in row] == [cell.removeprefix("'") for cell in cells]


async def lines() -> AsyncIterator[str]:
    for part in ("a\n", "", "b\n"):
        yield part


@pytest.mark.parametrize(("door", "first"), [(Door.WORKSPACE, "\ufeffa\n"), (Door.API, "a\n")])
async def test_only_a_browsers_file_begins_with_the_mark_of_utf_8(door: Door, first: str) -> None:
    caller = Caller(door, WorkspaceId("ws_1"), Role.VIEWER)
    assert [part async for part in await sheet.begun(caller, lines())] == [first, "b\n"]
