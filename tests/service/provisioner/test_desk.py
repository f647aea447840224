"""What operators see of orders and decide about them; each decision is written down, and no later look undoes it."""

from __future__ import annotations

import dataclasses

import pytest

from backend.kernel.caller import Caller, Door, Role
from backend.kernel.errors import Conflict, Invalid, NotFound
from backend.kernel.ids import AccountId, WorkspaceId
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import FakeSaleor
from tests.service.provisioner.test_returns import agents, spend, told

OPERATOR = Caller(Door.WORKSPACE, WorkspaceId("ws_op"), Role.OWNER, AccountId("acc_op"), "operator@example.com", operator=True)


async def partly(house: House, saleor: FakeSaleor) -> tuple[str, str, Caller]:
    """Saleor's id, our ref and the buyer of an order of which $5 went back without a word for what."""
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    saleor.refund(order_id, 5.0)
    await house.deliver(saleor, order_id, "OrderRefunded")
    return order_id, ref, buyer


async def test_the_desk_shows_an_order_with_its_units_money_and_log(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    await spend(house, buyer, "20")
    order = await house.desk.order(ref)
    assert (order.row.number, order.row.skus, order.row.workspace, order.row.stage) == (
        "1",
        ("CSA-BASIC", "CREDITS-100"),
        "Theirs",
        "Complete",
    )
    assert (order.row.pips, order.row.total, order.charged, order.refunded) == (("done",) * 4, "$29.99", "$29.99", "$0.00")
    assert [(unit.sku, unit.credits, unit.unspent, unit.active) for unit in order.units] == [
        ("CSA-BASIC", "50", "30", True),
        ("CREDITS-100", "100", "100", True),
    ]
    assert [event.words for event in reversed(order.log)] == [
        "Delivery: order fully paid.",
        "Paid in full. Added 2 units.",
        "Mail sent to buyer@example.com.",
    ]
    assert (order.actions, order.saleor_status, order.charge_status) == (frozenset({"reconcile"}), "UNFULFILLED", "FULL")
    assert order.told_at is not None
    assert order.saleor_url.startswith("http://saleor.test/dashboard/orders/")
    with pytest.raises(NotFound):
        await house.desk.order("ord_unknown")


async def test_the_desk_lists_by_view_and_finds_by_number_email_ref_and_sku(house: House, saleor: FakeSaleor) -> None:
    await house.member()
    done = await house.deliver(saleor, saleor.place("CSA-BASIC"))
    stuck = await house.deliver(saleor, saleor.place("T-SHIRT"))
    nobodys = await house.deliver(saleor, saleor.place("CREDITS-100", email="Late@Example.com"))
    counts = await house.desk.counts()
    assert (counts.all, counts.done, counts.needs_hand, counts.unclaimed, counts.under_way, counts.returned) == (3, 1, 1, 1, 0, 0)

    async def found(view: str = "all", search: str = "") -> list[str]:
        return [row.ref for row in (await house.desk.page(view, search)).items]

    assert await found() == sorted((done, stuck, nobodys), reverse=True)
    assert (await found("needs_hand"), await found("unclaimed"), await found("done")) == ([stuck], [nobodys], [done])
    for search in ("#3", "3", "late@", nobodys, "credits-1"):
        assert await found(search=search) == [nobodys], search
    assert await found(search="%") == []
    first = await house.desk.page(limit=2)
    assert [row.ref for row in (await house.desk.page(limit=2, cursor=first.next)).items] == [done]
    with pytest.raises(Invalid):
        await house.desk.page("nonsense")


async def test_what_waits_says_where_and_the_operator_is_told_once(house: House, saleor: FakeSaleor) -> None:
    await house.member()
    order_id = saleor.place("CSA-BASIC", "T-SHIRT")
    ref = await house.deliver(saleor, order_id)
    await house.deliver(saleor, order_id, issued="2026-11-22T13:00:00+00:00")
    order = await house.desk.order(ref)
    assert (order.row.stage, order.row.pips) == ("Not all added", ("done", "done", "stuck", "todo"))
    assert (order.reason, order.actions) == ("Nothing is offered under T-SHIRT.", frozenset({"retry", "reconcile"}))
    assert told(house) == ["Order 1 needs a hand"]
    await house.desk.retry(OPERATOR, ref)
    await house.rest()
    log = (await house.desk.order(ref)).log
    assert [event.by for event in log if event.words == "Tried again."] == ["operator@example.com"]
    assert told(house) == ["Order 1 needs a hand"]


async def test_a_mail_that_is_refused_waits_for_a_hand_and_a_retry_sends_it(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member("not an address")
    order_id = saleor.place("CREDITS-100", email="not an address", cmp_workspace=buyer.workspace_id)
    ref = await house.deliver(saleor, order_id)
    order = await house.desk.order(ref)
    assert (order.row.status, order.row.stage, order.row.pips[-1]) == ("needs_hand", "Buyer not told", "stuck")
    assert (order.reason, await house.available(buyer)) == ("The buyer could not be told: This is not an e-mail address.", "100")
    saleor.orders[order_id]["userEmail"] = "buyer@example.com"
    await house.desk.retry(OPERATOR, ref)
    await house.rest()
    assert (await house.desk.order(ref)).row.status == "ready"


async def test_keeping_what_was_partly_refunded_is_remembered(house: House, saleor: FakeSaleor) -> None:
    order_id, ref, buyer = await partly(house, saleor)
    order = await house.desk.order(ref)
    assert (order.row.stage, order.actions) == ("Refund to decide", frozenset({"retry", "take_back", "keep", "reconcile"}))
    await house.desk.keep(OPERATOR, ref, "a goodwill refund")
    await house.rest()
    await house.deliver(saleor, order_id, "OrderRefunded", "2026-11-22T15:00:00+00:00")
    order = await house.desk.order(ref)
    assert (order.row.status, order.reason, await house.available(buyer)) == ("ready", "", "150")
    assert ("Took nothing back: a goodwill refund", "operator@example.com") in [(event.words, event.by) for event in order.log]
    with pytest.raises(Conflict):
        await house.desk.keep(OPERATOR, ref, "")
    saleor.refund(order_id, 2.0)
    await house.deliver(saleor, order_id, "OrderRefunded", "2026-11-22T16:00:00+00:00")
    order = await house.desk.order(ref)
    assert (order.row.status, order.reason.split(" went")[0]) == ("needs_hand", "Partly refunded: $2.00")


async def test_what_an_operator_takes_back_of_a_partial_refund_stays_taken(house: House, saleor: FakeSaleor) -> None:
    order_id, ref, buyer = await partly(house, saleor)
    line = saleor.line(order_id, "CREDITS-100")
    for wrong in ([], [(line, 2)], [("another line", 1)]):
        with pytest.raises(Invalid):
            await house.desk.take_back(OPERATOR, ref, wrong, "")
    await house.desk.take_back(OPERATOR, ref, [(line, 1)], "not used")
    await house.rest()
    await house.deliver(saleor, order_id, "OrderRefunded", "2026-11-22T15:00:00+00:00")
    order = await house.desk.order(ref)
    assert (order.row.status, [unit.active for unit in order.units]) == ("ready", [True, False])
    assert (await agents(house, buyer), await house.available(buyer), await house.ledger.prove()) == (["live"], "50", [])
    saleor.pay(order_id)
    await house.deliver(saleor, order_id, issued="2026-11-22T16:00:00+00:00")
    assert (await house.available(buyer), await house.ledger.prove()) == ("150", [])


@pytest.mark.parametrize("how", ["refund", "charge_back", "cancel"])
async def test_restoring_is_one_click_and_no_later_look_undoes_it(house: House, saleor: FakeSaleor, how: str) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    await spend(house, buyer, "20")
    with pytest.raises(Conflict):
        await house.desk.restore(OPERATOR, ref)
    if how == "cancel":
        saleor.orders[order_id]["status"] = "CANCELED"
    else:
        getattr(saleor, how)(order_id)
    await house.update(saleor, order_id)
    assert (await agents(house, buyer), await house.available(buyer)) == (["suspended"], "0")
    assert "restore" in (await house.desk.order(ref)).actions
    await house.desk.restore(OPERATOR, ref)
    assert (await agents(house, buyer), await house.available(buyer)) == (["live"], "130")
    await house.rest()
    await house.deliver(saleor, order_id, "OrderCancelled", "2026-11-22T15:00:00+00:00")
    assert ((await house.desk.order(ref)).row.status, await agents(house, buyer)) == ("ready", ["live"])
    assert (await house.available(buyer), await house.ledger.prove()) == ("130", [])


async def test_nothing_is_decided_about_an_order_that_nobody_owns(house: House, saleor: FakeSaleor) -> None:
    ref = await house.deliver(saleor, saleor.place("CREDITS-100", email="nobody@example.com"))
    for decide in (
        house.desk.restore(OPERATOR, ref),
        house.desk.keep(OPERATOR, ref, ""),
        house.desk.take_back(OPERATOR, ref, [("x", 1)], ""),
    ):
        with pytest.raises(Conflict):
            await decide
    with pytest.raises(NotFound):
        await house.desk.restore(dataclasses.replace(OPERATOR), "ord_unknown")


async def test_a_reconciliation_is_kept_with_what_was_given_without_a_paid_order(house: House, saleor: FakeSaleor) -> None:
    await house.member()
    assert await house.desk.last_report() is None
    gone = saleor.place("CREDITS-100")
    ref = await house.deliver(saleor, gone)
    await house.deliver(saleor, saleor.place("CSA-BASIC"))
    lost = saleor.place("CSA-BASIC")
    del saleor.orders[gone]
    report = await house.desk.reconcile(OPERATOR)
    assert (report.looked_at, report.without_order, len(report.taken_up)) == (2, (ref,), 1)
    assert await house.desk.last_report() == report
    await house.rest()
    assert (await house.desk.page(search=saleor.orders[lost]["number"])).items


async def test_nothing_that_was_never_paid_is_given_whatever_is_decided(house: House, saleor: FakeSaleor) -> None:
    """An order that is not confirmed yet can be edited: a pack was added after the agent was paid for."""
    _, buyer = await house.member()
    order_id, other = saleor.place("CSA-BASIC"), saleor.place("CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    before = await house.available(buyer)
    saleor.orders[order_id]["lines"] += saleor.orders[other]["lines"]
    saleor.orders[order_id]["total"]["gross"]["amount"] += 10
    saleor.orders[order_id]["chargeStatus"] = "PARTIAL"
    await house.update(saleor, order_id)
    await house.desk.keep(OPERATOR, ref, "They will pay later.")
    await house.rest()
    assert await house.available(buyer) == before
    saleor.pay(order_id)
    await house.update(saleor, order_id)
    assert float(await house.available(buyer)) == float(before) + 100
