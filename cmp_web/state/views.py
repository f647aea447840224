"""What the store's pages are shown: plain values, ready to print. They cross the websocket, so they are small."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    name: str
    value: str


@dataclass(frozen=True)
class Shot:
    """A picture of the seller's own, ready for an `img`. src is "" when there is none."""

    src: str = ""
    srcset: str = ""
    alt: str = ""


@dataclass(frozen=True)
class Card:
    """A variant on the shelf. minor: its price in minor units of `currency`, an ISO 4217 code. facets: what it can be filtered by, as
    `facet=value`."""

    sku: str
    slug: str
    name: str
    summary: str
    emblem: str
    badge: str
    price: str
    minor: int
    currency: str
    rows: list[Row]
    sign: str
    tag: str
    facets: list[str]
    available: bool = True
    shot: Shot = Shot()


@dataclass(frozen=True)
class Plan:
    """One variant of a product, and what it grants, in words. index: its place among the product's plans. run: what a run costs; most:
    what is held for it; tokens: their price, or "" for a price a run."""

    index: int
    sku: str
    name: str
    price: str
    line: str
    gets: str
    run: str
    most: str
    tokens: str
    credits: str
    knowledge: str
    widgets: str
    rpm: str
    longest: str
    rest: bool
    mcp: bool


@dataclass(frozen=True)
class Question:
    question: str
    answer: str


@dataclass(frozen=True)
class ProductView:
    """category: its slug. sample: the document the trial knows, or "" when there is nothing to try."""

    slug: str
    name: str
    summary: str
    description: str
    emblem: str
    agent: bool
    category: str
    category_name: str
    plans: list[Plan]
    charged: list[str] = field(default_factory=list)
    not_charged: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    tries: list[str] = field(default_factory=list)
    sample: str = ""


@dataclass(frozen=True)
class Option:
    facet: str
    value: str
    label: str
    count: int
    on: bool


@dataclass(frozen=True)
class Facet:
    title: str
    options: list[Option]


@dataclass(frozen=True)
class PageLink:
    """One step of the pages' row. name: for a screen reader. href: "" for the gap between two numbers."""

    label: str
    name: str
    href: str
    rel: str
    here: bool
