"""The provisioner's proof: each unit of an order against its lots and its agent, and each of those against a unit."""

from __future__ import annotations

import pytest

from backend.db.engine import Database
from backend.db.proving import faults
from backend.provisioner.proof import CHECKS
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import FakeSaleor
from tests.service.provisioner.test_returns import spend
from tests.service.tampering import tamper

DRIFTS = [
    (
        "units against their lots",
        "UPDATE provision_grant SET credits_micro = credits_micro + 1 WHERE kind <> 'agent'",
        "should have brought 100000001 micro-credits net, and its lots say 100000000",
    ),
    (
        "units against their lots",
        "DELETE FROM ledger_lot WHERE source = 'order'",
        "should have brought 100000000 micro-credits net, and its lots say 0",
    ),
    ("units against their lots", "UPDATE ledger_lot SET granted = granted + 5 WHERE source = 'plan'", "and its lots say 50000005"),
    ("units given once a turn", "UPDATE provision_grant SET turn = 0", "was given 0 times and has 1 lots"),
    (
        "lots of orders against units",
        "UPDATE ledger_lot SET ref = 'ord_x:line:1' WHERE source = 'order'",
        "came with ord_x:line:1, which no order was given",
    ),
    ("lots of orders against units", "UPDATE ledger_lot SET workspace_id = 'ws_x' WHERE source = 'plan'", "of ws_x came with ord_"),
    ("units against their agents", "UPDATE instance SET status = 'suspended'", "is given, and its agent inst_"),
    ("units against their agents", "UPDATE provision_grant SET instance_id = NULL", "is given, and its agent none is nowhere"),
    ("units against their agents", "UPDATE instance SET workspace_id = 'ws_x'", "is another workspace's"),
    ("agents against units", "DELETE FROM provision_grant WHERE kind = 'agent'", "came with no order"),
    ("units against their orders", "UPDATE provision_order SET workspace_id = 'ws_x'", "is workspace ws_x's, and its unit"),
]


async def proven(database: Database) -> list[str]:
    async with database.read() as tx:
        return await faults(tx, CHECKS)


def test_every_check_is_shown_to_find_something() -> None:
    assert {check.name for check in CHECKS} == {check for check, _, _ in DRIFTS}


async def test_orders_are_proven_whatever_was_refunded_and_charged_again(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100", quantity=2)
    await house.deliver(saleor, order_id)
    assert await proven(house.database) == []
    await spend(house, buyer, "60")
    saleor.refund(order_id, CREDITS_100=1)
    await house.deliver(saleor, order_id, "OrderRefunded")
    assert await proven(house.database) == []
    saleor.refund(order_id)
    await house.deliver(saleor, order_id, "OrderRefunded", "2026-11-22T12:01:00+00:00")
    assert await proven(house.database) == []


@pytest.mark.parametrize(("check", "change", "fault"), DRIFTS, ids=[f"{n}:{check}" for n, (check, _, _) in enumerate(DRIFTS)])
async def test_a_drift_is_named_by_its_own_check(house: House, saleor: FakeSaleor, check: str, change: str, fault: str) -> None:
    await house.member()
    await house.deliver(saleor, saleor.place("CSA-BASIC", "CREDITS-100"))
    await tamper(house.database, change)
    async with house.database.read() as tx:
        found = await next(one for one in CHECKS if one.name == check).faults(tx)
    assert any(fault in line for line in found), found
    assert set(found) <= set(await proven(house.database))
