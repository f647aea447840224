"""The poll repairs what never came, and leaves the rest alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dbos import error as durable_error

from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Unavailable
from backend.kernel.ids import RunId, SaleorOrderId, WorkspaceId
from backend.kernel.money import Credits
from backend.provisioner import repository
from tests.conftest import NOW
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import FakeSaleor

SINCE = NOW - timedelta(days=1)


async def test_a_paid_order_whose_delivery_was_lost_is_provisioned(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    saleor.place("CSA-BASIC")
    (ref,) = (await house.reconciler.reconcile(SINCE)).taken_up
    await house.rest()
    assert (await house.orders.view(ref, caller=buyer)).status == "ready"
    assert (await house.reconciler.reconcile(SINCE)).taken_up == ()


async def test_orders_that_agree_and_unpaid_and_old_ones_are_left_alone(house: House, saleor: FakeSaleor) -> None:
    await house.member()
    await house.deliver(saleor, saleor.place("CSA-BASIC"))
    await house.deliver(saleor, saleor.place("T-SHIRT"))
    await house.deliver(saleor, saleor.place("CSA-BASIC", email="nobody@example.com"))
    saleor.place("CSA-BASIC", charge="NONE")
    saleor.orders[saleor.place("CSA-BASIC")] |= dict.fromkeys(("created", "updatedAt"), "2026-11-01T00:00:00+00:00")
    assert (await house.reconciler.reconcile(SINCE)).taken_up == ()


async def test_a_refund_whose_event_was_lost_is_carried_out(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    saleor.refund(order_id)
    assert (await house.reconciler.reconcile(SINCE)).taken_up == (ref,)
    await house.rest()
    assert ((await house.orders.view(ref, caller=buyer)).status, await house.available(buyer)) == ("refunded", "0")
    assert (await house.reconciler.reconcile(SINCE)).taken_up == ()


async def test_an_order_given_up_on_while_saleor_was_down_is_taken_up_again(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC")
    raw, headers = saleor.delivery(order_id)
    await house.provisioner.verifier.verify(raw, headers["Saleor-Signature"])
    saleor.down = True
    with pytest.raises(Exception, match="look"):
        await house.deliver(saleor, order_id)
    (view,) = [await house.orders.view(ref, visitor="v") for ref in [await house.orders.track(saleor.orders[order_id]["id"], visitor="v")]]
    assert next(stage.note for stage in view.stages if stage.status == "now") == "The shop cannot be reached just now. We keep trying."
    with pytest.raises(Unavailable):
        await house.reconciler.reconcile(SINCE)
    await house.reconciler.poll()
    saleor.down = False
    (ref,) = (await house.reconciler.reconcile(SINCE)).taken_up
    await house.wait((await house.begun())[-1])
    assert (await house.orders.view(ref, caller=buyer)).status == "ready"


async def test_what_happens_to_an_order_long_after_it_was_placed_is_found(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CREDITS-100")
    saleor.orders[order_id] |= dict.fromkeys(("created", "updatedAt"), "2026-10-01T00:00:00+00:00")
    ref = await house.deliver(saleor, order_id)
    assert (await house.reconciler.reconcile(SINCE)).taken_up == ()
    saleor.refund(order_id)
    saleor.orders[order_id]["updatedAt"] = "2026-11-22T11:00:00+00:00"
    assert (await house.reconciler.reconcile(SINCE)).taken_up == (ref,)
    await house.rest()
    assert await house.available(buyer) == "0"


async def test_an_order_left_half_done_long_ago_is_taken_on(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CREDITS-100")
    saleor.orders[order_id] |= dict.fromkeys(("created", "updatedAt"), "2026-10-01T00:00:00+00:00")
    ref = await house.orders.track(SaleorOrderId(order_id))
    assert (await house.reconciler.reconcile(SINCE)).taken_up == (ref,)
    await house.rest()
    assert await house.available(buyer) == "100"
    async with house.database.write() as tx:
        (await repository.lock(tx, ref)).told_at = None
    assert (await house.reconciler.reconcile(SINCE)).taken_up == (ref,)
    await house.rest()
    assert (await house.reconciler.reconcile(SINCE)).taken_up == ()


async def test_what_a_run_held_of_an_old_order_is_found_by_when_its_unit_was_taken(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CREDITS-100")
    saleor.orders[order_id] |= dict.fromkeys(("created", "updatedAt"), "2026-10-01T00:00:00+00:00")
    ref = await house.deliver(saleor, order_id)
    await house.ledger.hold(WorkspaceId(buyer.workspace_id), RunId("run_1"), Credits.of("25"))
    saleor.refund(order_id)
    await house.deliver(saleor, order_id, "OrderFullyRefunded")
    await house.ledger.settle(RunId("run_1"), Credits.of("20"))
    assert (await house.reconciler.reconcile(SINCE)).taken_up == (ref,)
    await house.rest()
    assert (await house.ledger.prove(), await house.available(buyer)) == ([], "0")


async def test_a_passing_refusal_of_one_look_changes_nothing_that_was_done_and_the_poll_looks_again(
    house: House, saleor: FakeSaleor
) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    order = saleor.orders.pop(order_id)
    await house.deliver(saleor, order_id, issued="2026-11-22T13:00:00+00:00")
    view = await house.orders.view(ref, caller=buyer)
    assert (view.status, view.stuck_reason) == ("ready", "")
    saleor.orders[order_id] = order
    assert (await house.reconciler.reconcile(SINCE)).taken_up == (ref,)
    await house.rest()
    assert (await house.reconciler.reconcile(SINCE)).taken_up == ()
    async with house.database.read() as tx:
        row = await repository.get(tx, ref)
    assert (row.status, row.reason, row.mark != "") == ("ready", "", True)


async def test_a_poll_that_ended_before_it_drew_a_ticket_is_followed_by_another_an_hour_later(
    house: House, saleor: FakeSaleor, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.member()
    saleor.place("CREDITS-100")

    async def locked(*_: object) -> None:
        raise Unavailable("The database cannot answer.")

    with monkeypatch.context() as patch:
        patch.setattr("backend.provisioner.repository.lock", locked)
        (ref,) = (await house.reconciler.reconcile(SINCE)).taken_up
        with pytest.raises(durable_error.DBOSMaxStepRetriesExceeded):
            await house.rest()
    clock.advance(timedelta(hours=1))
    assert (await house.reconciler.reconcile(SINCE)).taken_up == (ref,)
    await house.wait((await house.begun())[-1])
    assert (await house.desk.counts()).done == 1
