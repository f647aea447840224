"""What the marketplace's address asks for, and the page of cards that answers it. Pure: cards and parameters in, a page out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from backend.commerce.snapshot import MAX_PRICE
from backend.kernel.money import Money
from cmp_web import routes
from cmp_web.state import words
from cmp_web.state.views import Card, Facet, Option, PageLink

SORTS = {"": "Recommended first", "price": "Price, low to high", "-price": "Price, high to low", "name": "Name"}
TITLES = {"category": "Category", "does": "What it does", "plan": "Plan", "connects": "Connects to"}
ASKED = ("q", "sort", "min", "max", *TITLES, "page")
"""The parameters of the address that mean something, in the order they are written."""
PER_PAGE = 24
MAX_WORDS = 80
"""Characters of a search."""
MAX_OPTIONS = 12
"""Values of a facet that are offered; one that was chosen is always among them."""

Values = Mapping[str, Mapping[str, str]]
"""Facet → value → its words."""


@dataclass(frozen=True)
class Shelf:
    """One page of the marketplace. said: how much there is. unknown: what of the address means nothing here, in words."""

    cards: list[Card]
    facets: list[Facet]
    links: list[PageLink]
    said: str
    unknown: str


def shelf(cards: Sequence[Card], asked: Mapping[str, str], values: Values) -> Shelf:
    """cards: all that the words found. What is not understood is left out, and named where leaving it out could mislead."""
    chosen, unknown = _chosen(asked, values)
    shown = _sorted([card for card in cards if _matches(card, chosen) and _in_price(card, asked)], asked.get("sort", ""))
    last = max(1, -(-len(shown) // PER_PAGE))
    here = min(number(asked.get("page", "")), last)
    first = (here - 1) * PER_PAGE
    said = words.count(len(shown), "product")
    if last > 1:
        said += f", {first + 1} to {min(first + PER_PAGE, len(shown))} shown"
    return Shelf(shown[first : first + PER_PAGE], facets(cards, chosen, values), _links(asked, here, last), said, unknown)


def address(asked: Mapping[str, str], **changes: str) -> str:
    """The marketplace with what was asked and these changes. A change of anything else begins at the first page again."""
    now = {**asked, "page": "", **changes}
    return routes.with_query(routes.MARKETPLACE, **{name: now.get(name, "") for name in ASKED})


def searched(asked: Mapping[str, str]) -> str:
    return " ".join(asked.get("q", "").split())[:MAX_WORDS]


def amount(text: str) -> Decimal | None:
    """In major units; None for what is no price, or more than anything costs."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 <= found < MAX_PRICE else None


def matched(cards: Sequence[Card], text: str) -> list[Card]:
    """The cards that have every word in their own words, for when no shop can be asked."""
    found = text.casefold().split()
    return [card for card in cards if all(word in f"{card.name} {card.summary}".casefold() for word in found)]


def facets(cards: Sequence[Card], chosen: Mapping[str, set[str]], values: Values) -> list[Facet]:
    """Each facet's values, counted over the cards that the other facets let through."""
    return [Facet(TITLES[facet], _options(cards, chosen, facet, named)) for facet, named in values.items()]


def _chosen(asked: Mapping[str, str], values: Values) -> tuple[dict[str, set[str]], str]:
    asked_for = {facet: [value for value in asked.get(facet, "").split(",") if value] for facet in TITLES}
    strange = [
        f"{TITLES[facet].lower()} “{value[:40]}”" for facet, found in asked_for.items() for value in found if value not in values[facet]
    ]
    known = {facet: {value for value in found if value in values[facet]} for facet, found in asked_for.items()}
    return known, f"Not known here, so left out: {words.joined(strange[:5])}." if strange else ""


def _options(cards: Sequence[Card], chosen: Mapping[str, set[str]], facet: str, named: Mapping[str, str]) -> list[Option]:
    found = Counter(value for card in cards if _matches(card, chosen, but=facet) for value in card.facets)
    options = [Option(facet, value, label, found[f"{facet}={value}"], value in chosen.get(facet, ())) for value, label in named.items()]
    return [option for place, option in enumerate(options) if place < MAX_OPTIONS or option.on]


def _matches(card: Card, chosen: Mapping[str, set[str]], but: str = "") -> bool:
    """Whether the card has one of the chosen values of every facet, `but` left out."""
    return all(not values or facet == but or any(f"{facet}={value}" in card.facets for value in values) for facet, values in chosen.items())


def _in_price(card: Card, asked: Mapping[str, str]) -> bool:
    low, high = amount(asked.get("min", "")), amount(asked.get("max", ""))
    price = Money(card.minor, card.currency).decimal
    return (low is None or price >= low) and (high is None or price <= high)


def _sorted(cards: list[Card], sort: str) -> list[Card]:
    if sort in {"price", "-price"}:
        return sorted(cards, key=lambda card: card.minor, reverse=sort == "-price")
    return sorted(cards, key=lambda card: card.name.casefold()) if sort == "name" else cards


def number(text: str) -> int:
    """A page's number; 1 for what is none."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _links(asked: Mapping[str, str], here: int, last: int) -> list[PageLink]:
    """Before, the pages around this one with the first and the last, after. None when everything is on one page."""
    if last == 1:
        return []

    def link(page: int, label: str, name: str, rel: str = "") -> PageLink:
        return PageLink(label, name, address(asked, page=str(page) if page > 1 else ""), rel, page == here)

    links = [link(here - 1, "Previous", "Previous page", "prev")] if here > 1 else []
    before = 0
    for page in sorted({1, last, *range(max(1, here - 1), min(last, here + 1) + 1)}):
        if page > before + 1:
            links.append(PageLink("…", "", "", "", False))
        links.append(link(page, str(page), f"Page {page} of {last}"))
        before = page
    return [*links, link(here + 1, "Next", "Next page", "next")] if here < last else links
