"""What a buyer was shown, how the sums add up, and what changed since. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from backend.commerce.schemas import Checkout, CheckoutLine
from backend.kernel.money import Money

Kind = Literal["price", "quantity", "added", "removed", "gone", "short", "discount", "tax", "total"]


@dataclass(frozen=True, slots=True)
class Sums:
    """Rows that add up as a reader adds them: lines = subtotal; subtotal − discount (+ tax, when it is not included) − cards = total."""

    lines: Mapping[str, Money]
    subtotal: Money
    discount: Money
    tax: Money
    tax_included: bool
    cards: Money
    total: Money


def sums(checkout: Checkout) -> Sums:
    """As the shop shows its prices, with tax or without; each line before the discount wherever that adds up to the total.

    A discount that the shop took off the lines already, such as one on a single product, is not listed again.
    """
    gross, currency = checkout.gross_display, checkout.total.currency
    shown = {line.id: line.total if gross else line.net for line in checkout.lines}
    full = {line.id: line.full for line in checkout.lines}
    reduced, whole = _total(shown.values(), currency), _total(full.values(), currency)
    listed = whole.amount_minor - checkout.discount.amount_minor == reduced.amount_minor
    lines, subtotal = (full, whole) if listed else (shown, reduced)
    discount = Money(subtotal.amount_minor - reduced.amount_minor, currency)
    before_cards = reduced.amount_minor + (0 if gross else checkout.tax.amount_minor)
    cards = Money(max(0, before_cards - checkout.total.amount_minor) if checkout.gift_cards else 0, currency)
    # Without a gift card whatever is left between the rows and the total is tax, so that the rows never contradict the shop's total.
    tax = checkout.tax if gross or checkout.gift_cards else Money(checkout.total.amount_minor - reduced.amount_minor, currency)
    return Sums(lines, subtotal, discount, tax, gross, cards, checkout.total)


def _total(amounts: Any, currency: str) -> Money:
    return Money(sum(amount.amount_minor for amount in amounts), currency)


@dataclass(frozen=True, slots=True)
class SeenLine:
    """unit: minor units, before discounts, which a voucher leaves alone. amount: minor units, as listed."""

    id: str
    name: str
    quantity: int
    unit: int
    amount: int


@dataclass(frozen=True, slots=True)
class Seen:
    """Amounts in minor units. Kept with the cart, and in each tab."""

    checkout_id: str
    currency: str
    lines: tuple[SeenLine, ...]
    discount: int
    tax: int
    total: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"lines": [asdict(line) for line in self.lines]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Seen:
        return cls(**{**kept, "lines": tuple(SeenLine(**line) for line in kept["lines"])})


def seen(checkout: Checkout) -> Seen:
    rows = sums(checkout)
    lines = tuple(
        SeenLine(line.id, line.name, line.quantity, line.full_unit.amount_minor, rows.lines[line.id].amount_minor)
        for line in checkout.lines
    )
    amounts = (rows.discount, rows.tax, rows.total)
    return Seen(checkout.id, rows.total.currency, lines, *(amount.amount_minor for amount in amounts))


@dataclass(frozen=True, slots=True)
class Change:
    """name: the line's; empty for what concerns the whole. was, now: in words; empty where there is no such side."""

    kind: Kind
    line_id: str = ""
    name: str = ""
    was: str = ""
    now: str = ""


def problems(checkout: Checkout) -> tuple[Change, ...]:
    """What keeps the order from being placed, whatever the buyer agrees to."""
    return tuple(found for line in checkout.lines if (found := _problem(line)))


def _problem(line: CheckoutLine) -> Change | None:
    if line.problem == "gone":
        return Change("gone", line.id, line.name)
    return Change("short", line.id, line.name, str(line.quantity), str(line.left)) if line.problem == "short" else None


def changes(before: Seen, checkout: Checkout) -> tuple[Change, ...]:
    """What is not as it was shown, line by line, then the sums. Empty when the buyer would pay exactly what they saw."""
    after = seen(checkout)
    if before.checkout_id != after.checkout_id:
        return ()
    known, found = {line.id: line for line in before.lines}, []
    for line in after.lines:
        old = known.pop(line.id, None)
        found += [Change("added", line.id, line.name, "", str(line.quantity))] if old is None else _line_changes(old, line, after.currency)
    found += [Change("removed", line.id, line.name) for line in known.values()]
    sides: tuple[tuple[Kind, int, int], ...] = (
        ("discount", before.discount, after.discount),
        ("tax", before.tax, after.tax),
        ("total", before.total, after.total),
    )
    found += [
        Change(kind, was=str(Money(was, after.currency)), now=str(Money(now, after.currency))) for kind, was, now in sides if was != now
    ]
    return tuple(found)


def _line_changes(old: SeenLine, new: SeenLine, currency: str) -> list[Change]:
    found = []
    if old.quantity != new.quantity:
        found.append(Change("quantity", new.id, new.name, str(old.quantity), str(new.quantity)))
    if old.unit != new.unit:
        found.append(Change("price", new.id, new.name, str(Money(old.unit, currency)), str(Money(new.unit, currency))))
    elif old.quantity == new.quantity and old.amount != new.amount:
        found.append(Change("price", new.id, new.name, str(Money(old.amount, currency)), str(Money(new.amount, currency))))
    return found


def words(change: Change) -> str:
    """One sentence for the buyer."""
    match change.kind:
        case "price":
            return f"{change.name}: the price changed from {change.was} to {change.now}."
        case "quantity":
            return f"{change.name}: the quantity changed from {change.was} to {change.now}."
        case "added":
            return f"{change.name} was added."
        case "removed":
            return f"{change.name} was taken out."
        case "gone":
            return f"{change.name} is no longer for sale. Take it out to go on."
        case "short":
            return f"{change.name}: you want {change.was}, and {change.now if change.now != '0' else 'none'} are left."
        case "discount":
            return f"The discount changed from {change.was} to {change.now}."
        case "tax":
            return f"The tax changed from {change.was} to {change.now}."
        case _:
            return f"The total changed from {change.was} to {change.now}."


def held_words(line: CheckoutLine) -> str:
    """That the shop has changed a price it still keeps for this cart: nothing to agree to, but worth knowing. "" when it has not."""
    if line.today is None or line.today == line.full_unit:
        return ""
    return f"New carts pay {line.today} each now; yours keeps {line.full_unit} for up to an hour."
