"""The pure rules of what is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.kernel.ids import LotId
from backend.kernel.money import Credits
from backend.ledger.views import Balance, EntryKind, EntryView, LotSource, LotView
from cmp_web.state.app_chart import balances, chart
from cmp_web.state.app_credits import lot_rows
from cmp_web.state.app_rows import Piece, pieces, share, signed, size_words

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("", []),
        ("Plain.", [Piece("Plain.")]),
        ("Yes [1] and [2, 3].", [Piece("Yes"), Piece("1", cite=True), Piece(" and"), Piece("2, 3", cite=True), Piece(".")]),
        ("a[b] [x1]", [Piece("a[b] [x1]")]),
    ],
)
def test_an_answer_is_cut_at_its_citations_only(text: str, cut: list[Piece]) -> None:
    assert pieces(text) == cut


def test_sizes_amounts_and_shares_are_written_with_their_unit_and_sign() -> None:
    assert [size_words(size) for size in (1, 49, 2048, 1024**2, 1_600_000)] == ["1 byte", "49 bytes", "2 KB", "1 MB", "1.5 MB"]
    assert [signed(Credits.of(amount)) for amount in ("50", "-1", "0", "2.5")] == ["+50", "−1", "0", "+2.5"]
    assert [share(1, 2), share(0, 0), share(7, 5), share(-1, 5)] == [50, 0, 100, 0]


def lot(name: str, days: int, left: str, expires: int | None = None) -> LotView:
    at = NOW - timedelta(days=days)
    ends = NOW + timedelta(days=expires) if expires else None
    return LotView(LotId(name), name, LotSource.GIFT, "", Credits.of(10), Credits.of(left), ends, at)


def test_the_soonest_to_expire_burns_first_then_the_oldest_and_a_used_up_lot_does_not() -> None:
    rows = lot_rows([lot("new", 1, "10"), lot("old", 9, "4"), lot("gone", 12, "0"), lot("soon", 2, "10", expires=30)])
    assert [(row.label, row.turn) for row in rows] == [("soon", "Burns now"), ("gone", "Used up"), ("old", "Later"), ("new", "Later")]


def entry(days_ago: float, amount: str, after: str, kind: EntryKind = EntryKind.CHARGE) -> EntryView:
    return EntryView("e", NOW - timedelta(days=days_ago), kind, Credits.of(amount), Credits.of(after), "", None, LotId("lot"))


def test_the_chart_ends_each_day_with_the_balance_of_its_last_entry() -> None:
    entries = [entry(0, "-1", "92"), entry(1, "-3", "93"), entry(1.1, "-4", "96"), entry(3, "100", "100", EntryKind.GRANT)]
    assert balances(entries, Balance(Credits.of(92), Credits.of(0)), NOW) == [0, 0, 0, 100, 100, 93, 92]


def test_the_forecast_is_what_is_available_at_the_pace_of_the_last_week() -> None:
    drawn = chart([entry(1, "-14", "28")], Balance(Credits.of(28), Credits.of(0)), NOW)
    assert (drawn.pace, drawn.end) == ("2 credits", "about 6 Dec")
    assert drawn.ahead


def test_there_is_no_forecast_when_nothing_was_used() -> None:
    drawn = chart([entry(9, "-14", "28")], Balance(Credits.of(28), Credits.of(0)), NOW)
    assert (drawn.pace, drawn.end, drawn.ahead) == ("", "", "")
