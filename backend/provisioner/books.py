"""The books: every order, line, unit, lot and debit as CSV, with sums that a second reader can hold against Saleor and the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from backend.commerce.order_schemas import Order, OrderFilter
from backend.db.engine import Database
from backend.kernel import sheet
from backend.kernel.ids import SaleorOrderId
from backend.kernel.money import Credits, Money
from backend.ledger.views import EntryKind, LotBook
from backend.provisioner import repository
from backend.provisioner.granting import lot_of
from backend.provisioner.models import GrantRow, OrderRow
from backend.provisioner.ports import Ledger, Saleor

COLUMNS = (
    *("kind", "order", "ref", "placed_at", "status", "currency", "total", "charged", "refunded"),
    *("line", "sku", "quantity", "paid", "unit", "active", "agent"),
    *("lot", "granted", "spent", "taken_back", "expired", "left", "runs"),
    *("entry", "run", "amount", "at", "check"),
)
"""kind: "order", then its "line"s, the "lot"s of each unit, the "debit"s of each lot; at the end a "total" for each currency and one
for the credits. A cell is empty where a column says nothing of that kind."""
BATCH = 25
"""Orders read at once, and asked of Saleor at once."""
Row = dict[str, object]


@dataclass(slots=True)
class Sums:
    """money: minor units by (currency, column). credits: by column. faults: what does not add up."""

    money: Counter[tuple[str, str]] = field(default_factory=Counter)
    credits: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Books:
    database: Database
    ledger: Ledger
    saleor: Saleor

    async def lines(self, since: datetime | None = None) -> AsyncIterator[str]:
        """The header first, the totals last; `check` of a total says "ok", or how many sums of the rows above do not hold."""
        yield sheet.line(COLUMNS)
        sums = Sums()
        async for orders in self._batches(since):
            for row in await self._rows(orders, sums):
                yield sheet.line(row.get(column, "") for column in COLUMNS)
        for row in _totals(sums):
            yield sheet.line(row.get(column, "") for column in COLUMNS)

    async def check(self, since: datetime | None = None) -> list[str]:
        """What does not match: a lot with its entries, the ledger with itself, an order with Saleor. Raises Unavailable."""
        sums = Sums()
        async for orders in self._batches(since):
            await self._rows(orders, sums)
            sums.faults += await self._against_saleor(orders)
        return sums.faults + await self.ledger.prove()

    async def _batches(self, since: datetime | None) -> AsyncIterator[list[OrderRow]]:
        after = ""
        while True:
            async with self.database.read() as tx:
                found = await repository.placed_since(tx, since, after, BATCH)
            if not found:
                return
            yield found
            after = found[-1].ref

    async def _rows(self, orders: Sequence[OrderRow], sums: Sums) -> list[Row]:
        async with self.database.read() as tx:
            grants = await repository.grants(tx, [row.ref for row in orders])
        refs = [lot_of(grant) for row in orders for grant in grants[row.ref]]
        books: dict[str, list[LotBook]] = {}
        for book in await self.ledger.books(refs):
            books.setdefault(book.lot.ref, []).append(book)
        return [made for row in orders for made in _order(row, grants[row.ref], books, sums)]

    async def _against_saleor(self, rows: Sequence[OrderRow]) -> list[str]:
        """rows: at most `BATCH`. Saleor is asked once for all of them."""
        ids = tuple(SaleorOrderId(row.saleor_order_id) for row in rows)
        page = await self.saleor.orders(OrderFilter(ids=ids), first=BATCH)
        theirs = {order.id: order for order in page.items}
        return [fault for row in rows for fault in _differences(row, theirs.get(SaleorOrderId(row.saleor_order_id)))]


def _differences(row: OrderRow, order: Order | None) -> list[str]:
    """An order that Saleor does not show was given without one, unless nobody has anything of it."""
    if order is None:
        return [f"order {row.ref}: Saleor does not know it"] if row.facts else []
    theirs = {"total": order.total, "charged": order.money.charged + order.money.refund_pending, "refunded": order.money.refunded}
    ours = {"total": row.total_minor, **{name: row.facts.get(name, 0) for name in ("charged", "refunded")}}
    return [
        f"order {row.number}: {name} is {Money(ours[name], row.currency)} here and {amount} in Saleor"
        for name, amount in theirs.items()
        if amount.amount_minor != ours[name]
    ]


def _order(row: OrderRow, grants: Sequence[GrantRow], books: Mapping[str, Sequence[LotBook]], sums: Sums) -> Iterator[Row]:
    money = {"total": row.total_minor, **{name: int(row.facts.get(name, 0)) for name in ("charged", "refunded")}}
    sums.orders[row.currency] += 1
    for name, minor in money.items():
        sums.money[row.currency, name] += minor
    of: Row = {"order": row.number, "ref": row.ref}
    amounts = {name: _amount(minor, row) for name, minor in money.items()}
    yield of | {"kind": "order", "placed_at": row.placed_at.isoformat(), "status": row.status, "currency": row.currency} | amounts
    for line in row.lines:
        sums.money[row.currency, "paid"] += int(line["total"])
        head: Row = of | {"line": line["id"], "sku": line["sku"]}
        yield head | {"kind": "line", "quantity": line["quantity"], "paid": _amount(int(line["total"]), row)}
        for grant in grants:
            if grant.line_id == line["id"]:
                yield from _unit(head, grant, books.get(lot_of(grant), ()), sums)


def _unit(head: Row, grant: GrantRow, books: Sequence[LotBook], sums: Sums) -> Iterator[Row]:
    unit: Row = head | {"unit": grant.unit, "active": "yes" if grant.active else "no", "agent": grant.instance_id or ""}
    if not books:
        yield unit | {"kind": "unit"}
    for book in books:
        charged, back, lapsed = (-book.sum(kind) for kind in (EntryKind.CHARGE, EntryKind.TAKE_BACK, EntryKind.EXPIRY))
        spent = charged - book.sum(EntryKind.REFUND)
        figures = {"granted": book.lot.granted, "spent": spent, "taken_back": back, "expired": lapsed, "left": book.lot.remaining}
        for name, figure in figures.items():
            sums.credits[name] += figure.micro
        holds = book.lot.granted - spent - back - lapsed == book.lot.remaining and book.sum(EntryKind.GRANT) == book.lot.granted
        if not holds:
            sums.faults.append(f"lot {book.lot.id}: its entries do not come to what is left of it")
        debits = [entry for entry in book.entries if entry.kind is EntryKind.CHARGE]
        counted = {"runs": len({entry.run_id for entry in debits}), "check": "ok" if holds else "FAULT"}
        yield unit | {"kind": "lot", "lot": book.lot.id} | figures | counted
        for entry in debits:
            given: Row = {"entry": entry.id, "run": entry.run_id or "", "amount": -entry.amount, "at": entry.at.isoformat()}
            yield unit | {"kind": "debit", "lot": book.lot.id} | given


def _totals(sums: Sums) -> Iterator[Row]:
    check = "ok" if not sums.faults else f"{len(sums.faults)} FAULTS"
    for currency, orders in sorted(sums.orders.items()):
        amounts = {name: _decimal(sums.money[currency, name], currency) for name in ("total", "charged", "refunded", "paid")}
        yield {"kind": "total", "currency": currency, "quantity": orders, "check": check} | amounts
    yield {"kind": "total", "check": check} | {name: Credits(micro) for name, micro in sums.credits.items()}


def _amount(minor: int, row: OrderRow) -> str:
    return _decimal(minor, row.currency)


def _decimal(minor: int, currency: str) -> str:
    return str(Money(minor, currency).decimal)
