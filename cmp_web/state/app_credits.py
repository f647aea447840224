"""Credits: what is there, from where it came, where it went, and more of it. The kind and the page of entries are in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.commerce.schemas import ProductQuery
from backend.kernel.caller import Caller
from backend.kernel.errors import DomainError
from backend.kernel.ids import LotId
from backend.ledger.views import EntryKind, EntryView, LotSource, LotsView, LotView
from cmp_web import routes
from cmp_web.state import words
from cmp_web.state.app_base import Loading
from cmp_web.state.app_burning import burning
from cmp_web.state.app_chart import Chart
from cmp_web.state.app_forecast import MONTH, WEEK, Forecast, lapses
from cmp_web.state.app_rows import share, signed, stamp
from cmp_web.state.app_workspace import Workspace
from cmp_web.state.cart import NO_COOKIE
from cmp_web.state.services import services
from cmp_web.state.session import signed_in, visitor_of
from cmp_web.state.shelf import each

SOURCES = {LotSource.ORDER: "Credit pack", LotSource.PLAN: "Plan allowance", LotSource.GIFT: "Gift", LotSource.REFUND: "Given back"}
KINDS = {
    EntryKind.GRANT: "Grant",
    EntryKind.CHARGE: "Charge",
    EntryKind.TAKE_BACK: "Taken back",
    EntryKind.EXPIRY: "Expired",
    EntryKind.REFUND: "Refund",
}
KIND_CHOICES = tuple((kind.value, said) for kind, said in KINDS.items())
PAGE = 25
USED_UP = 3
"""Lots that are used up and still shown, if there are others."""


@dataclass(frozen=True)
class CreditLotRow:
    """expires: ISO 8601, "" for never. left: per cent. turn: when it burns. href: of the order it came with, "" for a gift."""

    source: str
    label: str
    granted_at: str
    expires: str
    left: int
    remaining: str
    granted: str
    turn: str
    href: str


@dataclass(frozen=True)
class EntryRow:
    """href, link: where it came from or went to, and what that is called; "" when there is nothing to open."""

    at: str
    kind: str
    what: str
    amount: str
    balance: str
    gain: bool
    href: str
    link: str


@dataclass(frozen=True)
class PackRow:
    """price, each: "" while the shop cannot be asked."""

    name: str
    price: str
    each: str
    credits: str
    slug: str
    sku: str
    emblem: str


class Credits(Loading, rx.State):
    """more_lots: how many open lots are not shown. older, newest: where the pager of entries leads. file: all entries as CSV. adding: the
    pack on its way into the cart. turn: grows with each, so that the second click of a double click is known by its old turn.
    """

    lots: list[CreditLotRow] = []
    more_lots: str = ""
    granted: str = ""
    rows: list[EntryRow] = []
    packs: list[PackRow] = []
    kind: str = ""
    older: str = ""
    newest: str = ""
    file: str = ""
    days: str = ""
    chart: Chart = Chart()
    ahead: Forecast = Forecast()
    lapse: str = ""
    adding: str = ""
    turn: int = 0
    problem: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        self.problem = self.adding = ""
        with self._loading():
            house, wanted = services(), self._asked()
            await (await self.get_state(Workspace))._count(caller)
            lots = await house.ledger.lots_at_a_glance(caller.workspace_id)
            self.lots, self.granted = lot_rows(lots), str(lots.granted)
            self.more_lots = words.count(lots.of_open - len(lots.open), "more lot") if lots.of_open > len(lots.open) else ""
            self.days, span = wanted["days"], int(wanted["days"] or WEEK)
            self.chart, self.ahead = await burning(caller, await house.ledger.balance(caller.workspace_id), span)
            self.lapse = lapses([(lot.expires_at, lot.remaining) for lot in lots.open], self.ahead, house.clock.now())
            await self._list(caller, wanted)
            self.packs = await _packs()

    @rx.event
    @signed_in
    async def only(self, caller: Caller, kind: str) -> Any:
        return rx.redirect(routes.with_query(routes.APP_CREDITS, **(self._asked() | {"kind": kind, "after": ""})), replace=True)

    @rx.event
    @signed_in
    async def top_up(self, caller: Caller, slug: str, sku: str, turn: int) -> Any:
        """One of the pack in the cart, and to the till. A pack that lies there already stays the only one of its kind."""
        if turn != self.turn:
            return
        self.adding, self.problem, self.turn = sku, "", self.turn + 1
        yield
        try:
            await _put(visitor_of(self), slug, sku)
        except DomainError as error:
            self.problem = error.detail
        self.adding = ""
        if not self.problem:
            yield rx.redirect(routes.CHECKOUT)

    def _asked(self) -> dict[str, str]:
        given = self.router.url.query_parameters
        kind, days = given.get("kind", ""), given.get("days", "")
        return {
            "kind": kind if kind in dict(KIND_CHOICES) else "",
            "days": days if days == str(MONTH) else "",
            "after": given.get("after", "")[:20],
        }

    async def _list(self, caller: Caller, wanted: dict[str, str]) -> None:
        ledger, kind = services().ledger, EntryKind(wanted["kind"]) if wanted["kind"] else None
        page = await ledger.entries(caller.workspace_id, cursor=wanted["after"] or None, limit=PAGE, kind=kind)
        lots = await ledger.lots_of(page.items)
        self.rows, self.kind = [entry_row(entry, lots) for entry in page.items], wanted["kind"]
        self.older = routes.with_query(routes.APP_CREDITS, **(wanted | {"after": page.next})) if page.next else ""
        self.newest = routes.with_query(routes.APP_CREDITS, **(wanted | {"after": ""})) if wanted["after"] else ""
        self.file = routes.with_query(routes.ENTRIES_CSV, kind=wanted["kind"])


async def _put(visitor: str, slug: str, sku: str) -> None:
    """Raises DomainError."""
    if not visitor:
        raise DomainError(NO_COOKIE)
    house = services()
    product = await house.commerce.product(slug)
    variant = product.variant(sku) if product else None
    if variant is None:
        raise DomainError("This pack is no longer for sale. Reload the page to see what is.")
    cart = await house.carts.current(visitor)
    if cart is None or all(line.sku != sku for line in cart.lines):
        await house.carts.add(visitor, variant.id)


async def _packs() -> list[PackRow]:
    """What can be bought. A shop that does not answer costs the prices, not the page."""
    offers = [offer for offer in await services().offerings.all() if offer.kind == "credits"]
    try:
        page = await services().commerce.products(ProductQuery(types=("credit-pack",)))
        prices = {variant.sku: variant.price for product in page.items for variant in product.variants}
    except DomainError:
        prices = {}
    return [
        PackRow(
            name=offer.product_name,
            price=str(prices[offer.sku]) if offer.sku in prices else "",
            each=f"{each(prices[offer.sku], offer.terms)} each" if offer.sku in prices else "",
            credits=words.credits(offer.terms.credits),
            slug=offer.product_slug,
            sku=offer.sku,
            emblem=offer.emblem,
        )
        for offer in offers
    ]


def lot_rows(lots: LotsView) -> list[CreditLotRow]:
    """In the order they burn; those that were used up last stand before them."""
    open_rows = [_lot(lot, "Burns now" if n == 0 else "Next" if n == 1 else "Later") for n, lot in enumerate(lots.open)]
    used = lots.spent[: USED_UP if lots.open else 10]
    return [*(_lot(lot, "Used up") for lot in reversed(used)), *open_rows]


def _lot(lot: LotView, turn: str) -> CreditLotRow:
    return CreditLotRow(
        source=SOURCES[lot.source],
        label=lot.label or lot.ref,
        granted_at=stamp(lot.created_at),
        expires=stamp(lot.expires_at) if lot.expires_at else "",
        left=share(lot.remaining.micro, lot.granted.micro),
        remaining=str(lot.remaining),
        granted=str(lot.granted),
        turn=turn,
        href=order_of(lot),
    )


def order_of(lot: LotView | None) -> str:
    """The page of the order that brought it: the first part of what it was given with."""
    return routes.order(lot.ref.split(":")[0]) if lot is not None and lot.source is not LotSource.GIFT else ""


def entry_row(entry: EntryView, lots: Mapping[LotId, LotView]) -> EntryRow:
    run, order = entry.run_id or "", order_of(lots.get(entry.lot_id))
    return EntryRow(
        at=stamp(entry.at),
        kind=KINDS[entry.kind],
        what=entry.label,
        amount=signed(entry.amount),
        balance=str(entry.balance_after),
        gain=entry.amount.micro > 0,
        href=routes.run(run) if run else order,
        link=f"Run …{run[-4:]}" if run else "Order" if order else "",
    )
