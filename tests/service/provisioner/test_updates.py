"""ORDER_UPDATED comes with everything, our own writes too: it is looked into when it touches money or lines, and never goes round."""

from __future__ import annotations

import asyncio
import json

import pytest

from backend.mail import Mail, Mailer
from backend.provisioner import repository
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import API_URL, APP_ID, FakeSaleor
from tests.service.provisioner.test_deliveries import stored


class CountingMailer:
    """A mail server that takes its time, and sends each mail it is given: the folder would keep two of one key as one."""

    def __init__(self, inner: Mailer) -> None:
        self._inner = inner
        self.sent: list[str] = []

    async def send(self, mail: Mail, *, key: str) -> None:
        await asyncio.sleep(0.05)
        self.sent.append(mail.to)
        await self._inner.send(mail, key=key)


async def until_quiet(house: House, saleor: FakeSaleor) -> int:
    """Saleor tells of every change of an order as long as there are any. How many deliveries that took."""
    told = 0
    while saleor.moved:
        assert told < 50, "it goes round"
        changed, saleor.moved = saleor.moved, []
        for order_id in changed:
            raw, headers = saleor.delivery(order_id, "OrderUpdated", issued=f"2026-11-22T14:00:{told:02d}+00:00")
            await house.provisioner.receive("updated", raw, headers)
            told += 1
        await house.rest()
    return told


async def test_an_order_settles_though_each_of_our_writes_comes_back_as_an_update(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    assert saleor.written == ["fulfil", "fulfil", "note", "metadata"]
    assert await until_quiet(house, saleor) == 4
    assert len(await house.begun()) == 1
    saleor.refund(order_id, CSA_BASIC=1)
    assert await until_quiet(house, saleor) < 5
    assert len(await house.begun()) == 2
    assert (await house.orders.view(ref, caller=buyer)).status == "ready"
    assert await house.available(buyer) == "100"


async def test_updates_that_come_before_the_first_look_share_one(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC")
    saleor.down = True
    raw = [saleor.delivery(order_id, "OrderUpdated", issued=f"2026-11-22T14:00:0{n}+00:00") for n in range(5)]
    saleor.down = False
    refs = await asyncio.gather(*[house.provisioner.receive("updated", body, headers) for body, headers in raw])
    await house.rest()
    assert len(set(refs) - {""}) == 1
    assert len(await house.begun()) <= 2
    assert len(await house.instances.list(buyer)) == 1


async def test_an_update_about_money_is_looked_into_once_and_any_other_not_at_all(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    async with house.database.read() as tx:
        tickets = (await repository.get(tx, ref)).tickets
    saleor.orders[order_id] |= {"status": "FULFILLED", "userEmail": "other@example.com"}
    assert await house.update(saleor, order_id) == ref
    async with house.database.read() as tx:
        assert (await repository.get(tx, ref)).tickets == tickets
    saleor.refund(order_id)
    await house.update(saleor, order_id)
    await house.update(saleor, order_id)
    async with house.database.read() as tx:
        assert (await repository.get(tx, ref)).tickets == tickets + 1
    assert await house.available(buyer) == "0"


async def test_an_update_of_an_order_that_is_not_paid_leaves_nothing_and_a_paid_one_is_taken_up(house: House, saleor: FakeSaleor) -> None:
    await house.member()
    order_id = saleor.place("CSA-BASIC", charge="PARTIAL")
    assert (await house.update(saleor, order_id), await stored(house)) == ("", 0)
    saleor.pay(order_id)
    assert (await house.update(saleor, order_id)).startswith("ord_")
    assert (await house.desk.counts()).done == 1


async def test_an_update_of_a_webhook_with_an_older_selection_is_looked_into(house: House, saleor: FakeSaleor) -> None:
    await house.member()
    body = {"__typename": "OrderUpdated", "recipient": {"id": APP_ID}, "order": {"id": saleor.place("CSA-BASIC"), "number": "1"}}
    raw = json.dumps(body).encode()
    headers = {"Saleor-Event": "order_updated", "Saleor-Api-Url": API_URL, "Saleor-Signature": saleor.sign(raw)}
    assert (await house.provisioner.receive("updated", raw, headers)).startswith("ord_")
    await house.rest()
    assert (await house.desk.counts()).done == 1


async def test_a_change_of_the_catalogue_is_passed_on_and_stores_nothing(
    house: House, saleor: FakeSaleor, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []

    class Kept:
        async def changed(self) -> None:
            heard.append("changed")

    monkeypatch.setattr(house.provisioner, "catalogue", Kept())
    body = {"__typename": "ProductUpdated", "recipient": {"id": APP_ID}, "product": {"id": "UHJvZHVjdDox"}}
    raw = json.dumps(body).encode()
    headers = {"Saleor-Event": "product_updated", "Saleor-Api-Url": API_URL, "Saleor-Signature": saleor.sign(raw)}
    assert await house.provisioner.receive("catalogue", raw, headers) == ""
    assert (heard, await stored(house)) == (["changed"], 0)


async def test_an_unconfirmed_order_is_confirmed_before_it_is_fulfilled(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC")
    saleor.orders[order_id]["status"] = "UNCONFIRMED"
    ref = await house.deliver(saleor, order_id)
    assert saleor.written == ["confirm", "fulfil", "note", "metadata"]
    assert ((await house.orders.view(ref, caller=buyer)).status, saleor.orders[order_id]["status"]) == ("ready", "FULFILLED")


async def test_an_order_that_grew_after_it_was_paid_is_not_called_refunded(house: House, saleor: FakeSaleor) -> None:
    """An order that is not confirmed yet can be edited in Saleor's dashboard."""
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC")
    ref = await house.deliver(saleor, order_id)
    grown = saleor.orders[order_id]
    grown["total"]["gross"]["amount"] += 10
    grown["chargeStatus"] = "PARTIAL"
    await house.update(saleor, order_id)
    view, desk = await house.orders.view(ref, caller=buyer), await house.desk.order(ref)
    assert (view.status, view.payment, desk.row.stage) == ("needs_hand", "partly_paid", "Not paid in full")
    unpaid = "$10.00 of it was never paid."
    assert view.stuck_reason == f"{unpaid} What was not given yet waits for the $10.00. Collect it, or decide what to take back."
    assert unpaid in [event.words for event in desk.log]
    assert [agent.status for agent in await house.instances.list(buyer)] == ["live"]
    saleor.pay(order_id)
    await house.update(saleor, order_id)
    view = await house.orders.view(ref, caller=buyer)
    assert (view.status, view.payment, view.stuck_reason) == ("ready", "paid", "")


async def test_units_are_fulfilled_from_the_warehouses_that_hold_them(house: House, saleor: FakeSaleor) -> None:
    await house.member()
    order_id = saleor.place("CREDITS-100", quantity=3)
    (line,) = saleor.orders[order_id]["lines"]
    line["allocations"] = [{"quantity": 2, "warehouse": {"id": "A"}}, {"quantity": 1, "warehouse": {"id": "B"}}]
    await house.deliver(saleor, order_id)
    assert saleor.stocks == [[{"warehouse": "A", "quantity": 2}, {"warehouse": "B", "quantity": 1}]]
    untracked = saleor.place("CREDITS-100")
    (line,) = saleor.orders[untracked]["lines"]
    line |= {
        "allocations": [],
        "variant": {"stocks": [{"quantity": 900, "warehouse": {"id": "C"}}, {"quantity": 5, "warehouse": {"id": "V2FyZWhvdXNlOjE="}}]},
    }
    await house.deliver(saleor, untracked)
    assert saleor.stocks[1:] == [[{"warehouse": "V2FyZWhvdXNlOjE=", "quantity": 1}]]


async def test_a_note_with_the_links_is_left_once_for_what_was_delivered(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC")
    ref = await house.deliver(saleor, order_id)
    (agent,) = await house.instances.list(buyer)
    for minute in (1, 2):
        await house.deliver(saleor, order_id, issued=f"2026-11-22T13:0{minute}:00+00:00")
    notes = [event["message"] for event in saleor.orders[order_id]["events"] if event["type"] == "NOTE_ADDED"]
    assert notes == [f"Delivered: http://localhost:3000/orders/{ref}\nAgent: http://localhost:3000/app/agents/{agent.id}"]
    assert {"key": "cmp_order_url", "value": f"http://localhost:3000/orders/{ref}"} in saleor.orders[order_id]["metadata"]


async def test_two_events_at_once_leave_one_note_and_send_one_mail(house: House, saleor: FakeSaleor) -> None:
    await house.member()
    order_id = saleor.place("CSA-BASIC", "T-SHIRT")
    mailer = CountingMailer(house.workflow.telling.mailer)
    object.__setattr__(house.workflow.telling, "mailer", mailer)
    raw = [("paid", *saleor.delivery(order_id, issued=f"2026-11-22T12:00:0{n}+00:00")) for n in range(4)]
    await asyncio.gather(*[house.provisioner.receive(cause, body, headers) for cause, body, headers in raw])
    await house.rest()
    assert sorted(mailer.sent) == ["buyer@example.com", "operator@example.com"]
    assert saleor.written.count("note") == 1
