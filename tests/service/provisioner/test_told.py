"""Agents that are given, taken back and given again are told to the workspace's own servers."""

from __future__ import annotations

from pathlib import Path

from backend.kernel.clock import FrozenClock
from backend.webhooks.views import EndpointChange
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import FakeSaleor
from tests.service.webhooks.house import House as Hooks
from tests.service.webhooks.receiver import receiving

KINDS = ["instance.provisioned", "instance.suspended", "instance.restored"]


async def test_an_agents_way_is_told_once_a_stage(house: House, saleor: FakeSaleor, clock: FrozenClock, tmp_path: Path) -> None:
    hooks = Hooks(house.database, clock, tmp_path / "hooks")
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    async with receiving() as receiver:
        await hooks.webhooks.create(buyer.workspace_id, EndpointChange(url=receiver.url, events=KINDS))
        ref = await house.deliver(saleor, order_id)
        await hooks.deliverer.turn()
        saleor.refund(order_id)
        for event in ("OrderFullyRefunded", "OrderRefunded"):
            await house.deliver(saleor, order_id, event)
        await hooks.deliverer.turn()
    await hooks.deliverer.stop()
    (agent,) = await house.instances.list(buyer)
    given, taken = (got.json for got in receiver.got)
    assert (given["type"], taken["type"]) == ("instance.provisioned", "instance.suspended")
    assert given["data"] == {
        "instance_id": agent.id,
        "sku": "CSA-BASIC",
        "order": ref,
        "order_number": given["data"]["order_number"],
        "name": agent.name,
        "plan": "basic",
        "credits": "50",
    }
    assert (taken["data"]["instance_id"], "refunded" in taken["data"]["reason"]) == (agent.id, True)
    assert order_id not in str(given)
