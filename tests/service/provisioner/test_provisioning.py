"""What an order becomes, on the real ledger, control plane and durable work, in front of a Saleor over HTTP."""

from __future__ import annotations

import asyncio
import dataclasses
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from backend import catalogue
from backend.control_plane.offerings import Offerings
from backend.kernel.errors import Conflict, NotFound
from backend.kernel.ids import Sku
from backend.provisioner import repository
from backend.provisioner.orders import OrderView
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import FakeSaleor


def stages(view: OrderView) -> dict[str, str]:
    return {stage.key: stage.status for stage in view.stages}


async def test_a_paid_order_becomes_an_agent_and_credits_and_is_fulfilled(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    view = await house.orders.view(await house.deliver(saleor, order_id), caller=buyer)
    (agent,) = await house.instances.list(buyer)
    assert (agent.sku, agent.status, await house.available(buyer)) == ("CSA-BASIC", "live", "150")
    assert view.status == "ready"
    assert stages(view) == dict.fromkeys(("paid", "received", "granted", "fulfilled"), "done")
    assert [(line.sku, line.outcome) for line in view.lines] == [
        ("CSA-BASIC", "Agent ready, 50 credits included"),
        ("CREDITS-100", "100 credits added"),
    ]
    assert view.lines[0].instance_id == agent.id
    assert view.total == "$29.99"
    assert saleor.orders[order_id]["status"] == "FULFILLED"
    assert {"key": "cmp_order", "value": view.ref} in saleor.orders[order_id]["metadata"]


async def test_the_same_delivery_again_and_a_second_event_about_it_change_nothing(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    for issued in ("2026-11-22T12:00:00+00:00", "2026-11-22T12:00:00+00:00", "2026-11-22T12:00:20+00:00"):
        await house.deliver(saleor, order_id, issued=issued)
    assert (len(await house.instances.list(buyer)), await house.available(buyer), saleor.fulfilments) == (1, "150", 2)


async def test_events_that_arrive_all_at_once_grant_once(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    await asyncio.gather(*[house.deliver(saleor, order_id, issued=f"2026-11-22T12:00:0{n}+00:00") for n in range(5)])
    assert (len(await house.instances.list(buyer)), await house.available(buyer)) == (1, "150")
    (view,) = await house.orders.list(buyer)
    assert view.status == "ready"


async def test_every_unit_of_a_line_is_granted(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    view = await house.orders.view(await house.deliver(saleor, saleor.place("KBA-PRO", "CREDITS-100", quantity=3)), caller=buyer)
    assert (len(await house.instances.list(buyer)), await house.available(buyer)) == (3, "900")
    assert [line.outcome for line in view.lines] == ["3 agents ready, 600 credits included", "300 credits added"]
    assert len(set(view.lines[0].instance_ids)) == 3


async def test_the_buyer_is_told_once_with_the_way_to_the_agent(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC")
    ref = await house.deliver(saleor, order_id)
    await house.deliver(saleor, order_id, issued="2026-11-22T12:01:00+00:00")
    (agent,) = await house.instances.list(buyer)
    (letter,) = letters(house)
    assert letter["To"] == "buyer@example.com"
    text = letter.get_content()
    assert f"http://localhost:3000/app/agents/{agent.id}" in text
    assert f"http://localhost:3000/orders/{ref}" in text


async def test_the_workspace_an_order_names_wins_over_its_email(house: House, saleor: FakeSaleor) -> None:
    _, other = await house.member("other@example.com")
    _, buyer = await house.member()
    await house.deliver(saleor, saleor.place("CREDITS-100", cmp_workspace=other.workspace_id))
    assert (await house.available(other), await house.available(buyer)) == ("100", "0")


async def test_a_workspace_that_does_not_exist_is_not_believed(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    await house.deliver(saleor, saleor.place("CREDITS-100", cmp_workspace="ws_nobody"))
    assert await house.available(buyer) == "100"


async def test_a_partial_charge_grants_nothing(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", charge="PARTIAL")
    ref = await house.deliver(saleor, order_id)
    assert await status(house, ref) == "unpaid"
    assert await house.instances.list(buyer) == []
    saleor.pay(order_id)
    await house.deliver(saleor, order_id, issued="2026-11-22T13:00:00+00:00")
    assert (await status(house, ref), len(await house.instances.list(buyer))) == ("ready", 1)


async def test_an_unknown_sku_waits_with_its_reason_while_the_rest_is_granted(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "T-SHIRT")
    ref = await house.deliver(saleor, order_id)
    view = await house.orders.view(ref, caller=buyer)
    assert (view.status, view.stuck_reason) == ("needs_hand", "Nothing is offered under T-SHIRT.")
    assert stages(view) == {"paid": "done", "received": "done", "granted": "stuck", "fulfilled": "todo"}
    assert len(await house.instances.list(buyer)) == 1
    assert [line["quantityToFulfill"] for line in saleor.orders[order_id]["lines"]] == [0, 1]


async def test_retry_finishes_an_order_once_its_sku_is_offered(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    ref = await house.deliver(saleor, saleor.place("CREDITS-100", "T-SHIRT"))
    pack = next(product for product in catalogue.load() if not product.is_agent)
    shirt = dataclasses.replace(pack, slug="t-shirt", variants=(dataclasses.replace(pack.variants[0], sku=Sku("T-SHIRT")),))
    await Offerings(house.database).sync((*catalogue.load(), shirt))
    await house.orders.retry(ref)
    await house.rest()
    assert (await status(house, ref), await house.available(buyer)) == ("ready", "200")


async def test_an_order_that_is_done_is_not_retried(house: House, saleor: FakeSaleor) -> None:
    await house.member()
    ref = await house.deliver(saleor, saleor.place("CREDITS-100"))
    with pytest.raises(Conflict):
        await house.orders.retry(ref)
    with pytest.raises(NotFound):
        await house.orders.retry("ord_unknown")


async def test_a_refusal_to_fulfil_is_shown_and_keeps_nothing_from_the_buyer(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    saleor.refuses_to_fulfil = "GRAPHQL_ERROR"
    ref = await house.deliver(saleor, saleor.place("CSA-BASIC"))
    view = await house.orders.view(ref, caller=buyer)
    assert (view.status, stages(view)["fulfilled"]) == ("needs_hand", "stuck")
    assert "would not mark the order as fulfilled" in view.stuck_reason
    assert len(await house.instances.list(buyer)) == 1
    saleor.refuses_to_fulfil = ""
    await house.orders.retry(ref)
    await house.rest()
    assert await status(house, ref) == "ready"


async def test_an_order_saleor_does_not_know_waits_for_the_operator(house: House, saleor: FakeSaleor) -> None:
    ref = await house.deliver(saleor, "T3JkZXI6dW5rbm93bg==")
    async with house.database.read() as tx:
        row = await repository.get(tx, ref)
    assert (row.status, row.reason) == ("needs_hand", "The shop does not know this order.")


def letters(house: House) -> list[EmailMessage]:
    return [message_from_bytes(path.read_bytes(), policy=default) for path in sorted(house.mail.glob("*.eml"))]  # type: ignore[arg-type]


async def status(house: House, ref: str) -> str:
    async with house.database.read() as tx:
        return (await repository.get(tx, ref)).status
