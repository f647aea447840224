"""The cart: the bar's count, adding from anywhere, the cart page itself. The shop keeps it; nothing is kept here but what is shown."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.commerce.outcomes import Buyer
from backend.commerce.schemas import Checkout, CheckoutLine
from backend.commerce.seen import held_words, problems, seen, sums
from backend.commerce.seen import words as words_of
from backend.kernel.errors import DomainError
from backend.kernel.money import Credits, Money
from cmp_web import routes
from cmp_web.state import shelf, words
from cmp_web.state.services import services
from cmp_web.state.session import public, visitor_of

NO_COOKIE = "The cart needs a cookie, and your browser sent none. Allow cookies for this site and reload the page."

NOT_OFFERED = "This product cannot be bought here, because nothing would be set up for it. The marketplace shows what can be."


class CartBadge(rx.State):
    """The count in the bar, and adding to the cart from any page."""

    items: int = 0
    label: str = "Cart, 0 items"
    adding: str = ""
    """The SKU being added."""
    failed: str = ""

    @rx.event
    @public
    async def look(self) -> None:
        visitor = visitor_of(self)
        try:
            self._show(await services().carts.current(visitor) if visitor else None)
        except DomainError:
            # The bar keeps its last count; the cart page itself says what is wrong.
            return

    @rx.event
    @public
    async def add(self, slug: str, sku: str) -> Any:
        """Put one in the cart and go there."""
        visitor = visitor_of(self)
        if not visitor:
            self.failed = NO_COOKIE
            return
        self.adding, self.failed = sku, ""
        yield
        try:
            product = await services().commerce.product(slug)
            variant = product.variant(sku) if product else None
            if variant is None:
                self.failed = "This product is no longer for sale. Reload the page to see what is."
            elif variant.sku not in {offering.sku for offering in await services().offerings.all()}:
                self.failed = NOT_OFFERED
            else:
                self._show(await services().carts.add(visitor, variant.id))
        except DomainError as error:
            self.failed = error.detail
        self.adding = ""
        if not self.failed:
            yield rx.redirect(routes.CART)

    @rx.event
    @public
    async def dismiss(self) -> None:
        self.failed = ""

    def _show(self, cart: Checkout | None) -> None:
        self.items = cart.quantity if cart else 0
        self.label = f"Cart, {words.count(self.items, 'item')}"


@dataclass(frozen=True)
class LineView:
    id: str
    name: str
    slug: str
    emblem: str
    sku: str
    brings: str
    quantity: int
    total: str
    swap: str
    """The SKU of a pack that is cheaper for each credit, or ""."""
    swap_words: str
    note: str
    """What is wrong with the line, or that its price is held."""
    wrong: bool


@dataclass(frozen=True)
class CartView:
    """arrives: what the order will bring, a sentence each. taxed: whether prices hold the tax. cards: what gift cards pay, and card: the
    id of the first of them. free: nothing has to be paid.
    """

    lines: list[LineView]
    subtotal: str
    discount: str
    tax: str
    total: str
    promo_code: str
    agents: int
    arrives: list[str]
    taxed: bool = True
    cards: str = ""
    card: str = ""
    free: bool = False


EMPTY = CartView([], "", "", "", "", "", 0, [])


async def view_of(cart: Checkout | None) -> CartView:
    """The cart in words, with what each line brings according to its offering."""
    if cart is None or not cart.lines:
        return EMPTY
    terms = {}
    for line in cart.lines:
        offering = await services().offerings.by_sku(line.sku)
        terms[line.sku] = offering.terms if offering else None
    agents = sum(line.quantity for line in cart.lines if (t := terms[line.sku]) and t.run)
    total = sum(t.credits.micro * line.quantity for line in cart.lines if (t := terms[line.sku]))
    rows = sums(cart)
    notes = {change.line_id: words_of(change) for change in problems(cart)}
    return CartView(
        lines=[
            _line(line, rows.lines[line.id], shelf.brings(terms[line.sku], line.quantity), notes.get(line.id, "")) for line in cart.lines
        ],
        subtotal=str(rows.subtotal),
        discount=str(rows.discount) if rows.discount.amount_minor else "",
        tax=str(rows.tax),
        total=str(rows.total),
        promo_code=cart.promo_code,
        agents=agents,
        arrives=[*([f"{words.count(agents, 'agent')}, ready to teach"] if agents else []), words.credits(Credits(total))],
        taxed=rows.tax_included,
        cards=str(rows.cards) if rows.cards.amount_minor else "",
        card=cart.gift_cards[0].id if cart.gift_cards else "",
        free=not rows.total.amount_minor,
    )


def _line(line: CheckoutLine, amount: Money, brings: str, wrong: str) -> LineView:
    swap, why = shelf.cheaper(line.sku)
    return LineView(
        id=line.id,
        name=shelf.card_name(line.product_name, line.sku, line.variant_name),
        slug=line.product_slug,
        emblem=shelf.emblem_of(line.product_slug),
        sku=line.sku,
        brings=brings,
        quantity=line.quantity,
        total=str(amount),
        swap=swap,
        swap_words=why,
        note=wrong or held_words(line),
        wrong=bool(wrong),
    )


class Cart(rx.State):
    """The cart page."""

    cart: CartView = EMPTY
    loaded: bool = False
    busy: bool = False
    failed: str = ""
    changes: list[str] = []
    """What is not as this visitor was shown it last."""

    @rx.event
    @public
    async def load(self) -> None:
        self.changes = []
        visitor = visitor_of(self)
        if not visitor:
            self.cart, self.loaded = EMPTY, True
            return
        try:
            standing = await services().till.look(Buyer(visitor))
            self.cart, self.failed = await view_of(standing.checkout), ""
            self.changes = [words_of(change) for change in standing.changes if change.kind not in {"gone", "short"}]
        except DomainError as error:
            self.failed = error.detail
        self.loaded = True

    @rx.event
    @public
    async def set_quantity(self, line_id: str, quantity: int) -> Any:
        self.busy = True
        yield
        await self._run(services().carts.set_quantity(visitor_of(self), line_id, max(0, min(quantity, 99))))
        yield CartBadge.look

    @rx.event
    @public
    async def remove(self, line_id: str) -> Any:
        self.busy = True
        yield
        await self._run(services().carts.remove(visitor_of(self), line_id))
        yield CartBadge.look

    @rx.event
    @public
    async def swap(self, line_id: str, sku: str) -> Any:
        """Take the pack of credits that is cheaper for each credit instead of this one."""
        self.busy = True
        yield
        slug = shelf.slug_of(sku)
        product = await services().commerce.product(slug) if slug else None
        variant = product.variant(sku) if product else None
        if variant is not None:
            await self._run(services().carts.add(visitor_of(self), variant.id))
            await self._run(services().carts.remove(visitor_of(self), line_id))
        self.busy = False
        yield CartBadge.look

    async def _run(self, change: Awaitable[Checkout | None]) -> None:
        try:
            cart = await change
            if cart is not None:
                await services().carts.shown(visitor_of(self), seen(cart))
            self.cart, self.failed = await view_of(cart), ""
        except DomainError as error:
            self.failed = error.detail
        self.loaded, self.busy = True, False
