from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from backend.gateway import budgets
from backend.kernel.caller import Budget
from backend.kernel.money import Credits

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def test_a_run_is_counted_in_its_utc_day_and_month_in_one_fixed_order() -> None:
    ten = Credits.of(10)
    carried = (Budget("workspace:w", "day", ten), Budget("key:k", "month", ten), Budget("key:k", "day", ten))
    rows = [line.row for line in budgets.lines(carried, NOON)]
    assert rows == [["key:k", "day:2026-11-28"], ["key:k", "month:2026-11"], ["workspace:w", "day:2026-11-28"]]
    assert [line.row for line in budgets.lines(reversed(carried), NOON)] == rows


def test_the_day_is_the_utc_day_wherever_the_clock_stands() -> None:
    late_there = datetime(2026, 11, 30, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert budgets.period_start("day", late_there) == "day:2026-12-01"
    assert budgets.period_start("month", late_there) == "month:2026-12"


def test_a_period_ends_where_the_next_begins_at_the_turn_of_a_year_and_in_february() -> None:
    assert budgets.renews("day", datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
    assert budgets.renews("month", datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
    assert budgets.renews("month", datetime(2028, 2, 1, tzinfo=UTC)) == datetime(2028, 3, 1, tzinfo=UTC)


def test_a_used_up_budget_says_which_it_is_when_it_renews_and_how_to_mend_it() -> None:
    [line] = budgets.lines([Budget("key:k", "day", Credits.of(10))], NOON)
    told = budgets.exhausted(line, Credits.of("9.5").micro, Credits.of(1), NOON)
    assert told.code == "budget_exhausted"
    assert told.detail == (
        "This API key may spend 10 credits a day and has 0.5 left; this run needs 1. "
        "The budget renews on 29 Nov 2026, 00:00 UTC. An owner or admin can raise it at /app/keys."
    )
    assert told.retry_after == 12 * 3600


def test_a_run_that_costs_more_than_the_whole_budget_is_not_told_to_wait() -> None:
    [line] = budgets.lines([Budget("workspace:w", "month", Credits.of(1))], NOON)
    told = budgets.exhausted(line, 0, Credits.of(2), NOON)
    assert told.retry_after == 0
    assert "renews" not in told.detail
    assert "The workspace may spend 1 credit a month" in told.detail
    assert "/app/settings" in told.detail


def test_the_last_second_of_a_period_still_says_to_wait_for_one() -> None:
    at = datetime(2026, 11, 28, 23, 59, 59, 999_999, tzinfo=UTC)
    [line] = budgets.lines([Budget("widget:w", "day", Credits.of(1))], at)
    assert budgets.exhausted(line, Credits.of(1).micro, Credits.of(1), at).retry_after == 1
