from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.provisioner.policy import Reached, Standing, Status, Unit, once_paid, settled, standing, timeline, units, unknown

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("charge", "order", "refund_seen", "before", "expected"),
    [
        ("FULL", "UNFULFILLED", False, False, Standing.PAID),
        ("FULL", "UNCONFIRMED", False, False, Standing.PAID),
        ("OVERCHARGED", "FULFILLED", False, True, Standing.PAID),
        ("FULL", "CANCELED", False, True, Standing.CANCELLED),
        ("NONE", "UNFULFILLED", False, False, Standing.UNPAID),
        ("PARTIAL", "UNFULFILLED", False, False, Standing.UNPAID),
        ("PARTIAL", "UNFULFILLED", True, False, Standing.PARTLY_REFUNDED),
        ("PARTIAL", "FULFILLED", False, True, Standing.PARTLY_REFUNDED),
        ("NONE", "UNFULFILLED", True, False, Standing.REFUNDED),
        ("NONE", "FULFILLED", False, True, Standing.REFUNDED),
        ("FULL", "FULFILLED", True, True, Standing.PAID),
    ],
)
def test_how_an_order_stands_follows_from_its_charge_and_its_past(
    charge: str, order: str, refund_seen: bool, before: bool, expected: Standing
) -> None:
    assert standing(charge, order, refund_seen=refund_seen, once_paid=before) is expected


def test_only_a_standing_beyond_unpaid_means_that_it_was_once_paid() -> None:
    assert [kind for kind in ("", *Standing) if once_paid(kind)] == ["paid", "partly_refunded", "refunded", "cancelled"]


def test_an_order_is_settled_when_what_saleor_says_was_put_into_effect() -> None:
    assert settled(Status.READY, Standing.PAID, Standing.PAID)
    assert settled(Status.UNCLAIMED, Standing.PAID, Standing.PAID)
    assert not settled(Status.PAID, Standing.PAID, Standing.PAID)
    assert not settled(Status.READY, Standing.PAID, Standing.REFUNDED)
    assert not settled(Status.NEEDS_HAND, "", Standing.PAID)


def test_each_unit_of_each_known_line_is_granted_and_the_unknown_are_named() -> None:
    lines = [
        {"id": "a", "sku": "CSA-BASIC", "name": "Agent", "quantity": 2},
        {"id": "b", "sku": "T-SHIRT", "name": "T-Shirt", "quantity": 1},
        {"id": "c", "sku": "", "name": "Thing without a SKU", "quantity": 1},
    ]
    assert units(lines, {"CSA-BASIC"}) == [Unit("a", 1, "CSA-BASIC"), Unit("a", 2, "CSA-BASIC")]
    assert unknown(lines, {"CSA-BASIC"}) == ["T-SHIRT", "Thing without a SKU"]


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


def test_the_timeline_of_a_refunded_order_ends_with_the_refund_and_promises_nothing() -> None:
    seen = timeline(Status.REFUNDED, "", {"paid": Reached(AT), "returned": Reached(AT, "100 taken back")})
    assert [(stage.title, stage.status, stage.note) for stage in seen] == [("Paid", "done", ""), ("Refunded", "done", "100 taken back")]
