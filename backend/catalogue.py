"""Reads `catalogue/`: what is sold, as data. One folder a product: `product.toml`, its flows and its sample documents.

How a price and its charge rules are written: docs/pricing.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from backend.kernel.ids import Sku
from backend.kernel.money import ZERO, Credits, Money
from backend.kernel.pricing import USUAL, Charge, Charges, Ending, Rules, TokenPrice

MAX_RUN_SECONDS = 3600
FOLDER = Path(__file__).resolve().parent.parent / "catalogue"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a variant grants, and what is enforced from it. run: what one run costs at most; without `tokens`, what each costs.
    knowledge: bytes. rpm: requests a minute. run_seconds: the longest a run may take; 0 for as long as the installation allows."""

    credits: Credits
    run: Credits
    knowledge: int
    widgets: int
    rest: bool
    mcp: bool
    rpm: int
    tokens: TokenPrice | None = None
    charges: Charges = USUAL
    run_seconds: int = 0

    @property
    def rules(self) -> Rules:
        return Rules(self.run, self.tokens, self.charges)

    def under(self, rules: Rules) -> Terms:
        """The same grants at another price."""
        return replace(self, run=rules.most, tokens=rules.tokens, charges=rules.charges)


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
    """type: `ai-agent` or `credit-pack`."""

    slug: str
    name: str
    type: str
    category: str
    emblem: str
    summary: str
    description: str
    variants: tuple[Variant, ...]
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


class Malformed(ValueError):
    """A product that cannot be sold as it is written. Names its file."""


def load(folder: Path = FOLDER) -> tuple[Product, ...]:
    """Every product, in the order they are shown. Raises Malformed."""
    found = [_read(path) for path in sorted(folder.glob("*/product.toml"))]
    seen: dict[str, Path] = {}
    for _, product in found:
        for variant in product.variants:
            first = seen.setdefault(variant.sku, product.folder)
            if first is not product.folder:
                raise Malformed(f"{product.folder / 'product.toml'}: {variant.sku} is sold by {first.name} already")
    return tuple(product for _, product in sorted(found, key=lambda pair: (pair[0], pair[1].slug)))


def _read(path: Path) -> tuple[int, Product]:
    try:
        data = tomllib.loads(path.read_text())
        _known(data, _PRODUCT, "this file")
        return data.get("position", 100), _product(path, data)
    except KeyError as fault:
        raise Malformed(f"{path}: {fault.args[0]} is missing") from fault
    except (ValueError, TypeError, AttributeError) as fault:
        raise Malformed(f"{path}: {fault}") from fault


def _product(path: Path, data: Mapping[str, Any]) -> Product:
    agent = data["type"] == "ai-agent"
    if not agent and "charges" in data:
        raise ValueError("charges belong to agents")
    charges = _charges(data["charges"]) if agent else USUAL
    skus = [v["sku"] for v in data["variant"]]
    if len(set(skus)) < len(skus):
        raise ValueError("two variants have the same SKU")
    return Product(
        slug=path.parent.name,
        name=data["name"],
        type=data["type"],
        category=data["category"],
        emblem=data["emblem"],
        summary=data["summary"],
        description=data["description"].strip(),
        variants=tuple(_variant(v, charges, agent) for v in data["variant"]),
        questions=tuple(Question(q["question"], q["answer"]) for q in data.get("faq", ())),
        tries=tuple(data.get("tries", ())),
        folder=path.parent,
    )


def _charges(data: Mapping[str, str]) -> Charges:
    """All of them are written out: a listing leaves nothing to be guessed."""
    _known(data, (one.name for one in fields(Charges)), "charges")
    return Charges(**{ending: _charge(ending, data[ending]) for ending in Ending})


def _charge(ending: str, said: str) -> Charge:
    if said not in set(Charge):
        raise ValueError(f'charges.{ending} is "{said}", which is none of {", ".join(Charge)}')
    return Charge(said)


def _variant(data: Mapping[str, Any], charges: Charges, agent: bool) -> Variant:
    sku = data["sku"]
    _known(data, _VARIANT, sku)
    try:
        terms = _terms(data["terms"], charges, agent)
    except (ValueError, TypeError) as fault:
        raise ValueError(f"{sku}: {fault}") from fault
    return Variant(
        sku=Sku(sku),
        name=data["name"],
        card_name=data["card_name"],
        summary=data["summary"],
        price=Money.of(data["price"], "USD"),
        terms=terms,
    )


def _terms(data: Mapping[str, Any], charges: Charges, agent: bool) -> Terms:
    _known(data, _TERMS, "terms")
    if not agent and (strange := [name for name in (*_PRICES, _LONGEST) if name in data]):
        raise ValueError(f"{', '.join(strange)}: only agents are run")
    rules = _rules(data, charges) if agent else Rules(ZERO)
    return Terms(
        credits=_amount(data, "credits"),
        run=rules.most,
        knowledge=data.get("knowledge_mb", 0) * 1024 * 1024,
        widgets=data.get("widgets", 0),
        rest=data.get("rest", False),
        mcp=data.get("mcp", False),
        rpm=data.get("requests_per_minute", 0),
        tokens=rules.tokens,
        charges=charges,
        run_seconds=_seconds(data[_LONGEST]) if _LONGEST in data else 0,
    )


def _seconds(said: object) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or not 1 <= said <= MAX_RUN_SECONDS:
        raise ValueError(f"{_LONGEST} is to be a whole number from 1 to {MAX_RUN_SECONDS}")
    return said


def _rules(data: Mapping[str, Any], charges: Charges) -> Rules:
    if "per_1000_tokens" not in data:
        if stray := [name for name in ("minimum", "maximum") if name in data]:
            raise ValueError(f"{' and '.join(stray)} without per_1000_tokens: a price a run is its own minimum and maximum")
        run = _amount(data, "run")
        if run == ZERO:
            raise ValueError("run is 0, and an agent's run has a price")
        return Rules(run, charges=charges)
    if "maximum" not in data:
        raise ValueError("per_1000_tokens without maximum: nobody could say what to set aside for a run")
    run = _amount(data, "run") if "run" in data else ZERO
    minimum = _amount(data, "minimum") if "minimum" in data else run
    return Rules(_amount(data, "maximum"), TokenPrice(_amount(data, "per_1000_tokens"), run, minimum), charges)


def _amount(data: Mapping[str, Any], name: str) -> Credits:
    """From a string, since TOML's numbers are binary fractions."""
    said = data[name]
    if not isinstance(said, str):
        raise TypeError(f'{name} is to be written as a string, such as "2.5"')
    amount = Credits.of(said)
    if amount < ZERO:
        raise ValueError(f"{name} is less than nothing")
    return amount


_PRODUCT = ("position", "name", "type", "category", "emblem", "summary", "description", "tries", "charges", "variant", "faq")
_VARIANT = ("sku", "name", "card_name", "summary", "price", "terms")
_PRICES = ("run", "per_1000_tokens", "minimum", "maximum")
_LONGEST = "run_timeout_seconds"
_TERMS = ("credits", *_PRICES, "knowledge_mb", "widgets", "rest", "mcp", "requests_per_minute", _LONGEST)


def _known(data: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    """A misspelt rule is refused: unread, it would be a rule that is not kept."""
    if strange := sorted(set(data) - set(names)):
        raise ValueError(f"{where} has no {', '.join(strange)}")
