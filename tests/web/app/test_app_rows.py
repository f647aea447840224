"""The pure rules of what is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kernel.ids import LotId
from backend.kernel.money import Credits
from backend.ledger.views import Balance, LotSource, LotsView, LotView
from cmp_web.state.app_asked import NAMES, asked, run_filter, searched, sheet
from cmp_web.state.app_chart import Chart, balances, chart
from cmp_web.state.app_credits import lot_rows
from cmp_web.state.app_forecast import forecast, lapses
from cmp_web.state.app_plots import columns, strokes
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


def lot(name: str, days: int, left: str, expires: int | None = None, source: LotSource = LotSource.GIFT) -> LotView:
    at = NOW - timedelta(days=days)
    ends = NOW + timedelta(days=expires) if expires else None
    return LotView(LotId(name), name, source, f"ord_{name}:line:1", Credits.of(10), Credits.of(left), ends, at)


def test_lots_stand_in_the_order_they_burn_after_those_that_are_used_up() -> None:
    open_lots = (lot("soon", 2, "10", 30, LotSource.PLAN), lot("old", 9, "4"), lot("new", 1, "10"))
    rows = lot_rows(LotsView(open_lots, (lot("gone", 12, "0"),), 3, Credits.of(30), Credits.of(24)))
    assert [(row.label, row.turn) for row in rows] == [("gone", "Used up"), ("soon", "Burns now"), ("old", "Next"), ("new", "Later")]
    assert [row.href for row in rows] == ["", "/orders/ord_soon", "", ""]


def spent(*amounts: str) -> list[Credits]:
    """Of the last days, today's last; nothing before."""
    return [Credits(0)] * (28 - len(amounts)) + [Credits.of(amount) for amount in amounts]


@pytest.mark.parametrize(
    ("amounts", "available", "said", "end"),
    [
        ((), "28", "Nothing was spent in the last 28 days, so there is no forecast.", ""),
        (("5",), "28", "Credits were spent on one day so far: too little for a forecast. It stands here from tomorrow.", ""),
        (("3", "1"), "28", "At 2 credits a day, the mean of the 2 days since the first charge, credits last until", "about 6 Dec 2026"),
        (("9", *"2222222"), "28", "At 2 credits a day, the mean of the last 7 days, credits last until", "about 6 Dec 2026"),
        (("56", *"0" * 27), "28", "At 2 credits a day, the mean of the last 28 days, credits last until", "about 6 Dec 2026"),
        (("1", "1"), "4000", "At 1 credit a day, the mean of the 2 days since the first charge, credits last more than a year.", ""),
        (("2", "2"), "0", "Nothing is left. The mean of the 2 days since the first charge was 2 credits a day.", ""),
    ],
)
def test_the_forecast_says_what_it_goes_by_and_when_there_is_too_little(
    amounts: tuple[str, ...], available: str, said: str, end: str
) -> None:
    ahead = forecast(spent(*amounts), Credits.of(available), NOW)
    assert (ahead.said, ahead.end) == (said, end)
    assert ahead.enough == (len(amounts) > 1)


def test_lots_that_expire_before_they_are_used_are_warned_of() -> None:
    ahead = forecast(spent("2", "2"), Credits.of(28), NOW)
    assert (
        lapses([(NOW + timedelta(days=3), Credits.of(10)), (None, Credits.of(5))], ahead, NOW)
        == "10 credits of them expire on 25 Nov 2026."
    )
    assert lapses([(NOW + timedelta(days=90), Credits.of(10))], ahead, NOW) == ""


def test_the_balance_of_each_day_goes_back_over_what_came_and_went() -> None:
    by_day = {f"2026-11-{day}": Credits.of(amount) for day, amount in ((20, "0"), (21, "3"), (22, "1"))}
    moved = [(datetime(2026, 11, 21, 9, tzinfo=UTC), Credits.of(100)), (datetime(2026, 11, 2, tzinfo=UTC), Credits.of(7))]
    assert balances(Balance(Credits.of(103), Credits.of(1)), by_day, moved) == [7, 104, 103]


def test_the_drawing_ends_where_the_forecast_meets_zero() -> None:
    ahead, balance = forecast(spent("2", "2"), Credits.of(28), NOW), Balance(Credits.of(28), Credits.of(0))
    drawn = chart([32, 30, 28], ahead, balance, NOW)
    assert (bool(drawn.ahead), drawn.end, [figure.value for figure in drawn.figures]) == (True, "about 6 Dec", ["32", "30", "28"])
    assert chart([0, 0], forecast(spent(), Credits.of(0), NOW), Balance(Credits.of(0), Credits.of(0)), NOW) == Chart()


def test_columns_and_strokes_grow_with_what_they_count_and_nothing_is_no_mark() -> None:
    plot = columns({"2026-11-21": 0, "2026-11-22": 1234.5}, "credits")
    assert [(column.height, column.words) for column in plot.columns] == [("0.0", "21 Nov: 0 credits"), ("81.5", "22 Nov: 1,234.5 credits")]
    assert [figure.value for figure in plot.figures] == ["0", "1,234.5"]
    assert strokes([0, 5, 10], 10).count("M") == 2
    assert columns({}, "runs").columns == []


@given(st.dictionaries(st.sampled_from([*NAMES, "run", "x"]), st.text(max_size=40)))
def test_any_address_is_a_filter_and_comes_back_to_itself(parameters: dict[str, str]) -> None:
    found = asked(parameters)
    assert set(found) == set(NAMES)
    assert asked(found) == found
    assert run_filter(found, NOW).text == found["q"]
    assert sheet(found, NOW).startswith("/v1/runs.csv")


def test_the_days_of_an_address_are_whole_ones_in_utc() -> None:
    week = run_filter(asked({"when": "7", "from": "2020-01-01"}), NOW)
    assert (week.since, week.until) == (datetime(2026, 11, 16, tzinfo=UTC), None)
    chosen = run_filter(asked({"when": "days", "from": "2026-11-01", "to": "2026-11-03"}), NOW)
    assert (chosen.since, chosen.until) == (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC))
    assert searched(asked({"q": "lamp", "when": "7"}), NOW) == "Searched for “lamp” in questions, answers and run ids since 16 Nov 2026."
