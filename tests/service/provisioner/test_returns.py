"""Refunds, cancellations and charges after them, in whatever order their events come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from backend.db.proving import faults
from backend.kernel.caller import Caller
from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.provisioner import repository
from backend.provisioner.proof import CHECKS
from tests.conftest import NOW
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import FakeSaleor


@pytest.fixture(autouse=True)
async def proven(house: House) -> AsyncIterator[None]:
    """Whatever was taken back and given again, each unit's lots come to what they should."""
    yield
    async with house.database.read() as tx:
        assert await faults(tx, CHECKS) == []


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


async def test_a_refund_by_line_takes_exactly_those_units_however_often_it_is_seen(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100", quantity=3)
    ref = await house.deliver(saleor, order_id)
    assert await house.available(buyer) == "450"
    saleor.refund(order_id, CSA_BASIC=2)
    for issued in ("2026-11-22T13:00:00+00:00", "2026-11-22T13:00:01+00:00"):
        await house.deliver(saleor, order_id, "OrderRefunded", issued)
    assert saleor.orders[order_id]["chargeStatus"] == "FULL"
    view = await house.orders.view(ref, caller=buyer)
    assert (view.status, [line.outcome for line in view.lines]) == (
        "ready",
        ["Agent ready, 50 credits included, 2 taken back", "300 credits added"],
    )
    assert view.stages[-1].title == "Partly refunded"
    assert (sorted(await agents(house, buyer)), await house.available(buyer)) == (["live", "suspended", "suspended"], "350")
    saleor.refund(order_id, CREDITS_100=1)
    await house.deliver(saleor, order_id, "OrderRefunded")
    assert (await house.available(buyer), await house.ledger.prove()) == ("250", [])


async def test_an_order_refunded_whole_by_its_lines_is_not_taken_for_paid_though_saleor_calls_it_full(
    house: House, saleor: FakeSaleor
) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    saleor.refund(order_id, CSA_BASIC=1, CREDITS_100=1)
    assert saleor.orders[order_id]["chargeStatus"] == "FULL"
    await house.deliver(saleor, order_id, "OrderFullyRefunded")
    assert (await house.orders.view(ref, caller=buyer)).status == "refunded"
    assert (await agents(house, buyer), await house.available(buyer)) == (["suspended"], "0")


async def test_an_order_partly_refunded_before_we_heard_of_it_gives_the_rest(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    saleor.refund(order_id, CSA_BASIC=1)
    ref = await house.deliver(saleor, order_id)
    assert (await house.orders.view(ref, caller=buyer)).status == "ready"
    assert (await agents(house, buyer), await house.available(buyer)) == ([], "100")


async def test_what_was_spent_is_never_taken_nor_what_a_run_holds(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CREDITS-100")
    await house.deliver(saleor, order_id)
    await spend(house, buyer, "70")
    await house.ledger.hold(WorkspaceId(buyer.workspace_id), RunId("run_2"), Credits.of("25"))
    saleor.refund(order_id)
    await house.deliver(saleor, order_id, "OrderFullyRefunded")
    balance = await house.ledger.balance(WorkspaceId(buyer.workspace_id))
    assert (str(balance.balance), str(balance.held), str(balance.available)) == ("25", "25", "0")
    await house.ledger.settle(RunId("run_2"), Credits.of("20"))
    assert (await house.ledger.prove(), await house.available(buyer)) == ([], "5")
    assert (await house.reconciler.reconcile(NOW - timedelta(days=1))).taken_up
    await house.rest()
    assert (await house.ledger.prove(), await house.available(buyer)) == ([], "0")


async def test_a_charge_back_suspends_takes_back_and_tells_the_operator(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    await spend(house, buyer, "20")
    saleor.charge_back(order_id)
    assert await house.update(saleor, order_id) == ref
    view = await house.orders.view(ref, caller=buyer)
    assert (view.status, view.stages[-1].title) == ("charged_back", "Charged back")
    (agent,) = await house.instances.list(buyer)
    assert (agent.status, agent.suspended_for, await house.available(buyer)) == ("suspended", "Order 1 was charged back.", "0")
    assert (await house.ledger.prove(), told(house)) == ([], ["Order 1 needs a hand"])
    saleor.pay(order_id)
    await house.update(saleor, order_id)
    assert ((await house.orders.view(ref, caller=buyer)).status, await house.available(buyer)) == ("ready", "130")
    assert (await agents(house, buyer), await house.ledger.prove()) == (["live"], [])


async def test_a_charged_sum_that_fell_without_a_refund_counts_as_charged_back(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC")
    ref = await house.deliver(saleor, order_id)
    saleor.charge_back(order_id)
    saleor.orders[order_id]["transactions"][0]["events"].pop()
    await house.update(saleor, order_id)
    assert (await house.orders.view(ref, caller=buyer)).status == "charged_back"


async def test_a_refund_that_is_only_asked_for_takes_nothing(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC")
    await house.deliver(saleor, order_id)
    order = saleor.orders[order_id]
    order["transactions"][0]["refundPendingAmount"] = order["totalCharged"]
    order |= {"totalCharged": {"amount": 0.0, "currency": "USD"}, "chargeStatus": "NONE"}
    await house.update(saleor, order_id)
    assert (await agents(house, buyer), await house.available(buyer)) == (["live"], "50")


def told(house: House) -> list[str]:
    """The subjects of what was written to the operators."""
    letters = [message_from_bytes(path.read_bytes(), policy=default) for path in sorted(house.mail.glob("*.eml"))]
    return [str(letter["Subject"]) for letter in letters if letter["To"] == "operator@example.com"]
