"""Refunds, cancellations and charges after them, in whatever order their events come."""

from __future__ import annotations

import pytest

from backend.kernel.caller import Caller
from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.provisioner import repository
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import FakeSaleor


async def spend(house: House, buyer: Caller, amount: str) -> None:
    run = RunId("run_1")
    await house.ledger.hold(WorkspaceId(buyer.workspace_id), run, Credits.of(amount))
    await house.ledger.settle(run, Credits.of(amount))


async def agents(house: House, buyer: Caller) -> list[str]:
    return [str(agent.status) for agent in await house.instances.list(buyer)]


async def test_a_full_refund_suspends_the_agent_and_takes_back_what_was_not_spent(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    await spend(house, buyer, "20")
    saleor.refund(order_id)
    await house.deliver(saleor, order_id, "OrderFullyRefunded")
    view = await house.orders.view(ref, caller=buyer)
    assert (view.status, view.stages[-1].title, view.stages[-1].note) == ("refunded", "Refunded", "Unspent credits taken back: 130.")
    assert {line.outcome for line in view.lines} == {"Taken back"}
    assert (await agents(house, buyer), await house.available(buyer)) == (["suspended"], "0")
    assert await house.ledger.prove() == []


async def test_both_refund_events_and_their_repeats_take_back_once(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CREDITS-100")
    other_id = saleor.place("CREDITS-100")
    for paid in (order_id, other_id):
        await house.deliver(saleor, paid)
    saleor.refund(order_id)
    for event in ("OrderRefunded", "OrderFullyRefunded", "OrderRefunded"):
        await house.deliver(saleor, order_id, event)
    assert await house.available(buyer) == "100"


async def test_a_cancelled_order_is_taken_back_though_saleor_keeps_it_charged(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC")
    ref = await house.deliver(saleor, order_id)
    saleor.orders[order_id]["status"] = "CANCELED"
    await house.deliver(saleor, order_id, "OrderCancelled")
    assert (await house.orders.view(ref, caller=buyer)).status == "cancelled"
    assert (await agents(house, buyer), await house.available(buyer)) == (["suspended"], "0")


@pytest.mark.parametrize("events", [("OrderFullyRefunded", "OrderFullyPaid"), ("OrderFullyPaid", "OrderFullyRefunded")])
async def test_an_order_refunded_before_we_heard_of_it_grants_nothing(house: House, saleor: FakeSaleor, events: tuple[str, str]) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", charge="NONE")
    for event in events:
        ref = await house.deliver(saleor, order_id, event)
    async with house.database.read() as tx:
        assert (await repository.get(tx, ref)).status == "refunded"
    assert (await agents(house, buyer), await house.available(buyer)) == ([], "0")


async def test_a_partial_refund_waits_for_the_operator_and_takes_nothing(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    saleor.refund(order_id, 5.0)
    await house.deliver(saleor, order_id, "OrderRefunded")
    view = await house.orders.view(ref, caller=buyer)
    assert (view.status, view.stuck_reason.split(":")[0]) == ("needs_hand", "Partly refunded")
    assert (await agents(house, buyer), await house.available(buyer)) == (["live"], "150")


async def test_a_charge_after_a_refund_gives_again_what_was_taken_back(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    await spend(house, buyer, "20")
    saleor.refund(order_id)
    await house.deliver(saleor, order_id, "OrderFullyRefunded")
    saleor.pay(order_id)
    for minute in (1, 2):
        await house.deliver(saleor, order_id, issued=f"2026-11-22T13:0{minute}:00+00:00")
    view = await house.orders.view(ref, caller=buyer)
    assert view.status == "ready"
    assert (await agents(house, buyer), await house.available(buyer)) == (["live"], "130")
    assert (await house.ledger.prove()) == []


async def test_a_look_that_was_overtaken_by_a_refund_is_not_put_into_effect(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC")
    ref = await house.orders.track(saleor.orders[order_id]["id"])
    stale = await house.workflow.look(ref, "paid")
    saleor.refund(order_id)
    await house.deliver(saleor, order_id, "OrderFullyRefunded")
    assert await house.workflow.apply(ref, stale) == {"deliver": False, "tell": False}
    assert await agents(house, buyer) == []
