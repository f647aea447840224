"""Credits: what is there, from where it came, where it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import reflex as rx

from backend.commerce.schemas import ProductQuery
from backend.kernel.caller import Caller
from backend.kernel.errors import DomainError
from backend.ledger.views import EntryKind, EntryView, LotSource, LotView
from cmp_web.state import words
from cmp_web.state.app_base import Loading
from cmp_web.state.app_chart import Chart, chart
from cmp_web.state.app_rows import share, signed, stamp
from cmp_web.state.app_workspace import Workspace
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

SOURCES = {LotSource.ORDER: "Credit pack", LotSource.PLAN: "Plan allowance", LotSource.GIFT: "Gift", LotSource.REFUND: "Given back"}
KINDS = {
    EntryKind.GRANT: "Grant",
    EntryKind.CHARGE: "Charge",
    EntryKind.TAKE_BACK: "Taken back",
    EntryKind.EXPIRY: "Expired",
    EntryKind.REFUND: "Refund",
}


@dataclass(frozen=True)
class CreditLotRow:
    """expires: ISO 8601, "" for never. left: per cent. turn: when it burns."""

    source: str
    label: str
    granted_at: str
    expires: str
    left: int
    remaining: str
    granted: str
    turn: str


@dataclass(frozen=True)
class EntryRow:
    at: str
    kind: str
    what: str
    amount: str
    balance: str
    gain: bool


@dataclass(frozen=True)
class PackRow:
    """price: "" while the shop cannot be asked."""

    name: str
    price: str
    credits: str
    slug: str
    emblem: str


class Credits(Loading, rx.State):
    lots: list[CreditLotRow] = []
    entries: list[EntryRow] = []
    packs: list[PackRow] = []
    cursor: str = ""
    chart: Chart = Chart()

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        with self._loading():
            house, workspace_id = services(), caller.workspace_id
            await (await self.get_state(Workspace))._count(caller)
            self.lots = lot_rows(await house.ledger.lots(workspace_id))
            page = await house.ledger.entries(workspace_id, limit=100)
            self.entries, self.cursor = [_entry(entry) for entry in page.items], page.next or ""
            self.chart = chart(page.items, await house.ledger.balance(workspace_id), house.clock.now())
            self.packs = await _packs()

    @rx.event
    @signed_in
    async def more(self, caller: Caller) -> None:
        with self._loading():
            page = await services().ledger.entries(caller.workspace_id, cursor=self.cursor, limit=100)
            self.entries, self.cursor = [*self.entries, *(_entry(entry) for entry in page.items)], page.next or ""


async def _packs() -> list[PackRow]:
    """What can be bought. A shop that does not answer costs the prices, not the page."""
    offers = [offer for offer in await services().offerings.all() if offer.kind == "credits"]
    try:
        page = await services().commerce.products(ProductQuery(types=("credit-pack",)))
        prices = {variant.sku: str(variant.price) for product in page.items for variant in product.variants}
    except DomainError:
        prices = {}
    return [PackRow(o.product_name, prices.get(o.sku, ""), words.credits(o.terms.credits), o.product_slug, o.emblem) for o in offers]


def lot_rows(lots: list[LotView]) -> list[CreditLotRow]:
    """The soonest to expire first, then the oldest: the order they burn in. Those that are used up say so."""
    rows, first = [], True
    never = datetime.max.replace(tzinfo=UTC)
    for lot in sorted(lots, key=lambda lot: (lot.expires_at or never, lot.created_at, lot.id)):
        turn = "Used up" if not lot.remaining else "Burns now" if first else "Later"
        first = first and not lot.remaining
        rows.append(
            CreditLotRow(
                source=SOURCES[lot.source],
                label=lot.label or lot.ref,
                granted_at=stamp(lot.created_at),
                expires=stamp(lot.expires_at) if lot.expires_at else "",
                left=share(lot.remaining.micro, lot.granted.micro),
                remaining=str(lot.remaining),
                granted=str(lot.granted),
                turn=turn,
            )
        )
    return rows


def _entry(entry: EntryView) -> EntryRow:
    what = ", ".join(filter(None, [entry.label, f"run …{entry.run_id[-4:]}" if entry.run_id else ""]))
    return EntryRow(stamp(entry.at), KINDS[entry.kind], what, signed(entry.amount), str(entry.balance_after), gain=entry.amount.micro > 0)
