"""How an order stands, what is taken back of it, and what its timeline shows: rules over what Saleor says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.provisioner.facts import Facts
from backend.provisioner.policy import (
    Plan,
    Reached,
    Standing,
    Status,
    Unit,
    carried,
    decide,
    excess,
    look_key,
    lost,
    once_paid,
    plan,
    settled,
    standing,
    timeline,
    units,
    unknown,
)

AT = datetime(2026, 11, 22, tzinfo=UTC)
ALL = frozenset({("a", 1), ("a", 2), ("b", 1)})


def seen(charged: int, charge_status: str = "", refunded: int = 0, **others: Any) -> Facts:
    """An order of 5000: two units of line a at 2000, one of line b at 1000."""
    words = "FULL" if charged == 5000 else "NONE" if charged <= 0 else "PARTIAL"
    facts = Facts(
        status="UNFULFILLED",
        charge_status=charge_status or words,
        total=5000,
        charged=charged,
        refunded=refunded,
        charged_back=0,
        lines={"a": 2, "b": 1},
        named={},
        explained=0,
    )
    return facts | others  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("facts", "refund_seen", "before", "received", "expected"),
    [
        (seen(5000), False, False, 0, Standing.PAID),
        (seen(5000, status="UNCONFIRMED"), False, False, 0, Standing.PAID),
        (seen(6000, "OVERCHARGED"), False, True, 5000, Standing.PAID),
        (seen(0, "FULL", total=0), False, False, 0, Standing.PAID),
        (seen(5000, status="CANCELED"), False, True, 5000, Standing.CANCELLED),
        (seen(0), False, False, 0, Standing.UNPAID),
        (seen(2500), False, False, 0, Standing.UNPAID),
        (seen(1000, refunded=1000), True, False, 0, Standing.UNPAID),
        (seen(4000, refunded=1000), False, False, 0, Standing.PARTLY_REFUNDED),
        (seen(4000, refunded=1000), True, True, 5000, Standing.PARTLY_REFUNDED),
        (seen(0, refunded=5000), False, False, 0, Standing.REFUNDED),
        (seen(0, refunded=5000), False, True, 5000, Standing.REFUNDED),
        (seen(5000, refunded=5000), True, True, 10_000, Standing.PAID),
        (seen(0, charged_back=5000), False, True, 5000, Standing.CHARGED_BACK),
        (seen(0, charged_back=5000), False, False, 0, Standing.CHARGED_BACK),
        (seen(4000, charged_back=1000), False, True, 5000, Standing.CHARGED_BACK),
        (seen(4000), False, True, 5000, Standing.CHARGED_BACK),
        (seen(-5000, refunded=5000, charged_back=5000), True, True, 5000, Standing.CHARGED_BACK),
        (seen(4000, refunded=1000, charged_back=5000), True, True, 5000, Standing.PARTLY_REFUNDED),
        (seen(4000, refunded=1000), True, True, 6000, Standing.PARTLY_REFUNDED),
        (seen(3000, refunded=1000), True, True, 6000, Standing.CHARGED_BACK),
    ],
)
def test_how_an_order_stands_follows_from_its_money_and_its_past(
    facts: Facts, refund_seen: bool, before: bool, received: int, expected: Standing
) -> None:
    assert standing(facts, refund_seen=refund_seen, once_paid=before, received=received) is expected


def test_a_charge_status_that_is_full_by_a_granted_refund_does_not_make_an_order_paid() -> None:
    assert standing(seen(4000, "FULL", refunded=1000), refund_seen=False, once_paid=False, received=0) is Standing.PARTLY_REFUNDED
    assert standing(seen(0, "FULL", refunded=5000), refund_seen=False, once_paid=True, received=5000) is Standing.REFUNDED


@pytest.mark.parametrize(
    ("facts", "beyond"),
    [
        (seen(5000), 0),
        (seen(6000, "OVERCHARGED"), 1000),
        (seen(10000, "OVERCHARGED"), 5000),
        (seen(5000, "OVERCHARGED", explained=1000), 0),
        (seen(0), 0),
        (seen(300, "OVERCHARGED", total=0), 300),
        (seen(5000, status="CANCELED"), 5000),
        (seen(0, refunded=5000, status="CANCELED"), 0),
    ],
)
def test_what_was_paid_beyond_the_total_is_not_ours_and_a_refund_that_was_only_granted_is_none_of_it(facts: Facts, beyond: int) -> None:
    assert excess(facts) == beyond


@pytest.mark.parametrize("first", [seen(5000, refunded=1000), seen(50_000, "OVERCHARGED")])
def test_a_sum_that_one_look_saw_too_high_does_not_make_a_partial_refund_a_charge_back(first: Facts) -> None:
    received = max(first["charged"] + first["refunded"], 4000 + 1000)
    second = seen(4000, refunded=1000)
    assert (lost(second, received), standing(second, refund_seen=True, once_paid=True, received=received)) == (0, Standing.PARTLY_REFUNDED)
    assert plan(Standing.PARTLY_REFUNDED, second, received, None) == Plan(frozenset(), 1000)


def test_an_order_that_grew_after_it_was_paid_was_not_charged_back() -> None:
    assert lost(seen(5000, "PARTIAL", total=7000), 5000) == 0


def test_a_full_refund_takes_everything_and_a_payment_nothing() -> None:
    for now in (Standing.REFUNDED, Standing.CANCELLED, Standing.CHARGED_BACK):
        assert plan(now, seen(0), 5000, None) == Plan(ALL)
    assert plan(Standing.PAID, seen(5000), 5000, None) == Plan(frozenset())


def test_a_partial_refund_takes_exactly_the_units_that_saleor_names() -> None:
    facts = seen(3000, refunded=2000, named={"a": 1}, explained=2000)
    assert plan(Standing.PARTLY_REFUNDED, facts, 5000, None) == Plan(frozenset({("a", 2)}))


def test_what_no_line_explains_of_a_partial_refund_is_left_to_decide() -> None:
    assert plan(Standing.PARTLY_REFUNDED, seen(4500, refunded=500), 5000, None) == Plan(frozenset(), 500)
    facts = seen(2500, refunded=2500, named={"a": 1}, explained=2000)
    assert plan(Standing.PARTLY_REFUNDED, facts, 5000, None) == Plan(frozenset({("a", 2)}), 500)


def test_a_decision_holds_until_more_money_went_back() -> None:
    first = seen(4000, refunded=1000)
    decided = decide(Standing.PARTLY_REFUNDED, first, 5000, {("b", 1)})
    assert plan(Standing.PARTLY_REFUNDED, first, 5000, decided) == Plan(frozenset({("b", 1)}))
    more = seen(3500, refunded=1500)
    assert plan(Standing.PARTLY_REFUNDED, more, 5000, decided) == Plan(frozenset({("b", 1)}), 500)
    named = seen(2000, refunded=3000, named={"a": 1}, explained=2000)
    assert plan(Standing.PARTLY_REFUNDED, named, 5000, decided) == Plan(frozenset({("b", 1), ("a", 2)}))
    assert plan(Standing.REFUNDED, seen(0, refunded=5000), 5000, decided) == Plan(ALL)


def test_what_saleor_names_after_a_decision_is_not_taken_again_when_more_goes_back() -> None:
    lump = seen(3000, refunded=2000)
    decided = decide(Standing.PARTLY_REFUNDED, lump, 5000, {("a", 2)})
    named = seen(3000, refunded=2000, named={"a": 1}, explained=2000)
    kept = carried(decided, Standing.PARTLY_REFUNDED, named, 5000)
    assert plan(Standing.PARTLY_REFUNDED, named, 5000, kept) == Plan(frozenset({("a", 2)}))
    more = seen(2500, refunded=2500, named={"a": 1}, explained=2000)
    assert carried(kept, Standing.PARTLY_REFUNDED, more, 5000) == kept
    assert plan(Standing.PARTLY_REFUNDED, more, 5000, kept) == Plan(frozenset({("a", 2)}), undecided=500)


def test_what_was_restored_stays_restored_until_something_new_happens() -> None:
    gone = seen(0, charged_back=5000)
    restored = decide(Standing.CHARGED_BACK, gone, 5000, ())
    assert plan(Standing.CHARGED_BACK, gone, 5000, restored) == Plan(frozenset())
    refunded = decide(Standing.REFUNDED, seen(0, refunded=5000), 5000, ())
    assert plan(Standing.REFUNDED, seen(0, refunded=5000), 5000, refunded) == Plan(frozenset())
    cancelled = seen(0, refunded=5000, status="CANCELED")
    assert plan(Standing.CANCELLED, cancelled, 5000, refunded) == Plan(ALL)


def test_only_a_standing_beyond_unpaid_means_that_it_was_once_paid() -> None:
    assert [kind for kind in ("", *Standing) if not once_paid(kind)] == ["", "unpaid"]


def test_an_order_is_settled_when_what_saleor_says_was_put_into_effect_and_its_buyer_knows() -> None:
    assert settled(Status.READY, told=True, same=True)
    assert settled(Status.UNCLAIMED, told=True, same=True)
    assert not settled(Status.UNCLAIMED, told=False, same=True)
    assert settled(Status.NEEDS_HAND, told=False, same=True)
    assert not settled(Status.READY, told=False, same=True)
    assert not settled(Status.PAID, told=True, same=True)
    assert not settled(Status.READY, told=True, same=False)


def test_each_unit_of_each_known_line_is_granted_and_the_unknown_are_named() -> None:
    lines = [
        {"id": "a", "sku": "CSA-BASIC", "name": "Agent", "quantity": 2},
        {"id": "b", "sku": "T-SHIRT", "name": "T-Shirt", "quantity": 1},
        {"id": "c", "sku": "", "name": "Thing without a SKU", "quantity": 1},
    ]
    assert units(lines, {"CSA-BASIC"}) == [Unit("a", 1, "CSA-BASIC"), Unit("a", 2, "CSA-BASIC")]
    assert unknown(lines, {"CSA-BASIC"}) == ["T-SHIRT", "Thing without a SKU"]
    assert unknown(lines, {"CSA-BASIC"}, {("b", 1)}) == ["Thing without a SKU"]


def test_the_timeline_shows_where_an_order_is() -> None:
    seen = timeline(Status.PAID, "", {"paid": Reached(AT)})
    assert [(stage.key, stage.status) for stage in seen] == [
        ("paid", "done"),
        ("received", "now"),
        ("granted", "todo"),
        ("fulfilled", "todo"),
    ]


def test_the_timeline_says_why_an_order_is_stuck_on_the_stage_it_is_stuck_at() -> None:
    seen = timeline(Status.NEEDS_HAND, "No such SKU.", {"paid": Reached(AT), "received": Reached(AT)})
    assert [(stage.key, stage.status, stage.note) for stage in seen][2:] == [
        ("granted", "stuck", "No such SKU."),
        ("fulfilled", "todo", ""),
    ]


@pytest.mark.parametrize(
    ("status", "title"), [(Status.REFUNDED, "Refunded"), (Status.CANCELLED, "Cancelled"), (Status.CHARGED_BACK, "Charged back")]
)
def test_the_timeline_of_a_returned_order_ends_with_the_return_and_promises_nothing(status: Status, title: str) -> None:
    seen = timeline(status, "", {"paid": Reached(AT), "returned": Reached(AT, "100 taken back")})
    assert [(stage.title, stage.status, stage.note) for stage in seen] == [("Paid", "done", ""), (title, "done", "100 taken back")]


def test_the_timeline_of_a_partly_refunded_order_says_what_was_taken() -> None:
    reached = {key: Reached(AT) for key in ("paid", "received", "granted", "fulfilled")} | {"partly": Reached(AT, "one unit")}
    assert [(stage.key, stage.note) for stage in timeline(Status.READY, "", reached)][-1] == ("partly", "one unit")


def test_another_look_has_another_name_once_a_ticket_was_drawn_or_the_time_is_over() -> None:
    every, noon = timedelta(seconds=10), datetime(2026, 11, 22, 12, tzinfo=UTC)
    first = look_key(3, noon, every)
    assert look_key(3, noon + timedelta(seconds=9), every) == first
    assert look_key(3, noon + timedelta(seconds=10), every) != first
    assert look_key(4, noon, every) != first
