"""The books: what was sold, given, spent and taken back, with sums that hold against the ledger and Saleor, or say that they do not."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from backend.commerce.client import Commerce
from backend.commerce.order_schemas import OrderFilter, OrderPage
from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.provisioner.models import OrderRow
from tests.conftest import NOW
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import NAMES, PRICES, FakeSaleor
from tests.service.provisioner.test_returns import spend


async def rows(house: House) -> list[dict[str, str]]:
    return list(csv.DictReader([line async for line in house.books.lines()]))


def of(found: list[dict[str, str]], kind: str, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row[column] for column in columns) for row in found if row["kind"] == kind]


async def test_the_books_name_every_order_line_lot_and_debit_with_their_sums(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100", quantity=2)
    ref = await house.deliver(saleor, order_id)
    await spend(house, buyer, "60")
    saleor.refund(order_id, CREDITS_100=1)
    await house.deliver(saleor, order_id, "OrderRefunded")
    await house.deliver(saleor, saleor.place("CREDITS-100"))
    found = await rows(house)
    assert of(found, "order", "ref", "total", "charged", "refunded")[0] == (ref, "59.98", "49.98", "10.00")
    assert of(found, "line", "sku", "quantity", "paid")[:2] == [("CSA-BASIC", "2", "39.98"), ("CREDITS-100", "2", "20.00")]
    assert of(found, "lot", "sku", "unit", "active", "granted", "spent", "taken_back", "left", "runs", "check") == [
        ("CSA-BASIC", "1", "yes", "50", "50", "0", "0", "1", "ok"),
        ("CSA-BASIC", "2", "yes", "50", "10", "0", "40", "1", "ok"),
        ("CREDITS-100", "1", "yes", "100", "0", "0", "100", "0", "ok"),
        ("CREDITS-100", "2", "no", "100", "0", "100", "0", "0", "ok"),
        ("CREDITS-100", "1", "yes", "100", "0", "0", "100", "0", "ok"),
    ]
    assert of(found, "debit", "sku", "unit", "run", "amount") == [("CSA-BASIC", "1", "run_1", "50"), ("CSA-BASIC", "2", "run_1", "10")]
    money, sums = found[-2:]
    assert [money[name] for name in ("kind", "currency", "quantity", "total", "charged", "refunded", "paid", "check")] == [
        *("total", "USD", "2", "69.98", "59.98", "10.00", "69.98", "ok")
    ]
    assert [sums[name] for name in ("granted", "spent", "taken_back", "expired", "left")] == ["400", "60", "100", "0", "240"]
    assert str((await house.ledger.balance(WorkspaceId(buyer.workspace_id))).balance) == sums["left"]
    assert await house.books.check() == []


async def test_a_run_that_drew_on_two_lots_is_a_debit_of_each_and_one_run(house: House, saleor: FakeSaleor) -> None:
    _, buyer = await house.member()
    await house.deliver(saleor, saleor.place("CREDITS-100", quantity=2))
    await house.ledger.hold(WorkspaceId(buyer.workspace_id), RunId("run_9"), Credits.of("150"))
    await house.ledger.settle(RunId("run_9"), Credits.of("150"))
    assert of(await rows(house), "debit", "unit", "run", "amount") == [("1", "run_9", "100"), ("2", "run_9", "50")]


async def test_the_check_names_what_saleor_says_otherwise(house: House, saleor: FakeSaleor) -> None:
    await house.member()
    order_id, gone = saleor.place("CSA-BASIC"), saleor.place("CREDITS-100")
    ref = [await house.deliver(saleor, one) for one in (order_id, gone)][1]
    async with house.database.write() as tx:
        await tx.execute(update(OrderRow).where(OrderRow.saleor_order_id == order_id).values(total_minor=1))  # type: ignore[arg-type]
    del saleor.orders[gone]
    assert await house.books.check() == ["order 1: total is $0.01 here and $19.99 in Saleor", f"order {ref}: Saleor does not know it"]
    assert await house.books.check(NOW + timedelta(days=1)) == []


async def test_the_check_asks_saleor_once_for_many_orders(house: House, saleor: FakeSaleor, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.member()
    for _ in range(3):
        await house.deliver(saleor, saleor.place("CREDITS-100"))
    asked = []

    async def counted(where: OrderFilter, **page: Any) -> OrderPage:
        asked.append(len(where.ids))
        return await Commerce.orders(house.commerce, where, **page)

    monkeypatch.setattr(house.commerce, "orders", counted)
    assert await house.books.check() == []
    assert asked == [3]


async def test_no_cell_can_be_taken_for_a_formula(house: House, saleor: FakeSaleor, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.member()
    monkeypatch.setitem(PRICES, "=HYPERLINK(1)", "1.00")
    monkeypatch.setitem(NAMES, "=HYPERLINK(1)", ("=1+1", "=1+1"))
    await house.deliver(saleor, saleor.place("=HYPERLINK(1)"))
    assert of(await rows(house), "line", "sku") == [("'=HYPERLINK(1)",)]
