"""Reads `catalogue/`: what is sold, as data. One folder a product: `product.toml`, its flows and its sample documents."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.kernel.ids import Sku
from backend.kernel.money import Credits, Money

FOLDER = Path(__file__).resolve().parent.parent / "catalogue"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a variant grants, and what is enforced from it. knowledge: bytes. rpm: requests a minute."""

    credits: Credits
    run: Credits
    knowledge: int
    widgets: int
    rest: bool
    mcp: bool
    rpm: int


@dataclass(frozen=True, slots=True)
class Variant:
    sku: Sku
    name: str
    card_name: str
    summary: str
    price: Money
    terms: Terms


@dataclass(frozen=True, slots=True)
class Question:
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Product:
    """type: `ai-agent` or `credit-pack`. charged, not_charged: the charge rules, in the words the listing shows."""

    slug: str
    name: str
    type: str
    category: str
    emblem: str
    summary: str
    description: str
    variants: tuple[Variant, ...]
    charged: tuple[str, ...] = ()
    not_charged: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    tries: tuple[str, ...] = ()
    folder: Path = field(default=FOLDER)

    @property
    def is_agent(self) -> bool:
        return self.type == "ai-agent"

    @property
    def samples(self) -> tuple[Path, ...]:
        """Sample documents that the trial on the product page knows."""
        return tuple(sorted((self.folder / "samples").glob("*.*")))

    def flow(self, name: str = "flow") -> Path:
        return self.folder / f"{name}.json"


def load(folder: Path = FOLDER) -> tuple[Product, ...]:
    """Every product, in the order they are shown. Raises KeyError or ValueError, naming the file, when one is not well formed."""
    found = [_product(path) for path in folder.glob("*/product.toml")]
    return tuple(product for _, product in sorted(found, key=lambda pair: (pair[0], pair[1].slug)))


def _product(path: Path) -> tuple[int, Product]:
    data = tomllib.loads(path.read_text())
    try:
        product = Product(
            slug=path.parent.name,
            name=data["name"],
            type=data["type"],
            category=data["category"],
            emblem=data["emblem"],
            summary=data["summary"],
            description=data["description"].strip(),
            variants=tuple(_variant(v) for v in data["variant"]),
            charged=tuple(data.get("charged", ())),
            not_charged=tuple(data.get("not_charged", ())),
            questions=tuple(Question(q["question"], q["answer"]) for q in data.get("faq", ())),
            tries=tuple(data.get("tries", ())),
            folder=path.parent,
        )
    except (KeyError, ValueError) as fault:
        raise type(fault)(f"{path}: {fault}") from fault
    return data.get("position", 100), product


def _variant(data: dict[str, Any]) -> Variant:
    terms = data["terms"]
    return Variant(
        sku=Sku(data["sku"]),
        name=data["name"],
        card_name=data["card_name"],
        summary=data["summary"],
        price=Money.of(data["price"], "USD"),
        terms=Terms(
            credits=Credits.of(terms["credits"]),
            run=Credits.of(terms.get("run", "0")),
            knowledge=terms.get("knowledge_mb", 0) * 1024 * 1024,
            widgets=terms.get("widgets", 0),
            rest=terms.get("rest", False),
            mcp=terms.get("mcp", False),
            rpm=terms.get("requests_per_minute", 0),
        ),
    )
