"""What is for sale, as pages show it: from `catalogue/` when the site is built, from the shop when it runs. Pure but for `SHELF`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from backend import catalogue
from backend.catalogue import Terms
from backend.commerce import schemas
from backend.kernel.ids import Sku
from backend.kernel.money import Credits, Money
from cmp_web.state import rules, words
from cmp_web.state.views import Card, Plan, ProductView, Question, Row, Shot

CARD, PAGE = "card", "page"
"""Where a picture is shown."""
NO_SHOT = Shot()
CATEGORIES = {"ai-agents": "AI agents", "credit-packs": "Credit packs"}
SHELF: tuple[catalogue.Product, ...] = catalogue.load()
"""The products known when the site was built."""
CURRENCY = SHELF[0].variants[0].price.currency
"""Of the catalogue's own prices."""
ALWAYS_FREE = rules.free(variant.terms.rules for product in SHELF if product.is_agent for variant in product.variants)
"""What costs nothing with every agent of the catalogue, as a sentence."""

SLUGS = frozenset(product.slug for product in SHELF)
_KNOWN = {product.slug: product for product in SHELF}
_VARIANTS = {variant.sku: variant for product in SHELF for variant in product.variants}
_PLACES = {sku: place for place, sku in enumerate(_VARIANTS)}


def built_cards() -> list[Card]:
    return [_card(product, variant.sku, variant.name, variant.price, variant.terms) for product in SHELF for variant in product.variants]


def live_cards(products: Iterable[schemas.Product], terms: Mapping[str, Terms]) -> list[Card]:
    """terms: by SKU, for those the house can provision. A variant nobody can provision is not shown: it could be paid but not delivered."""
    return [
        _card(_entry(product), variant.sku, variant.name, variant.price, terms[variant.sku], variant.available, shot(product, CARD))
        for product in products
        for variant in product.variants
        if variant.sku in terms
    ]


def recommended(cards: Iterable[Card]) -> list[Card]:
    """In the catalogue's own order; what is not in it comes after, by name."""
    return sorted(cards, key=lambda card: (_PLACES.get(Sku(card.sku), len(_PLACES)), card.name))


def shot(product: schemas.Product, where: str) -> Shot:
    """The seller's own picture, or none. where: CARD or PAGE."""
    found = product.picture
    if found is None:
        return NO_SHOT
    return Shot(
        found.at_512 if where == CARD else found.at_1024, f"{found.at_256} 256w, {found.at_512} 512w, {found.at_1024} 1024w", found.alt
    )


def written(product: schemas.Product) -> str:
    """The seller's description as safe HTML; "" when it is the catalogue's own, which the page has already."""
    known = _KNOWN.get(product.slug)
    same = known is not None and " ".join(known.description.split()) == " ".join(product.description_plain.split())
    return "" if same else product.description_html


def built_product(product: catalogue.Product) -> ProductView:
    return _product(product, [(v.sku, v.name, v.price, v.terms) for v in product.variants])


def live_product(product: schemas.Product, terms: Mapping[str, Terms]) -> ProductView:
    known = [(v.sku, v.name, v.price, terms[v.sku]) for v in product.variants if v.sku in terms]
    return replace(_product(_entry(product), known), category_name=product.category_name)


def card_name(product_name: str, sku: str, variant_name: str) -> str:
    known = _VARIANTS.get(Sku(sku))
    return known.card_name if known else f"{product_name} – {variant_name}"


def emblem_of(slug: str) -> str:
    return _KNOWN[slug].emblem if slug in _KNOWN else "agent"


def brings(terms: Terms | None, quantity: int = 1) -> str:
    """What a line of a cart brings: "1 agent, 200 credits, 5 widgets, 100 MB of knowledge"."""
    if terms is None:
        return ""
    parts = [words.credits(_times(terms, quantity))]
    if terms.run:
        parts = [
            words.count(quantity, "agent"),
            *parts,
            words.count(terms.widgets, "widget"),
            f"{words.megabytes(terms.knowledge)} of knowledge",
        ]
    return ", ".join(parts)


def cheaper(sku: str) -> tuple[str, str]:
    """For a pack of credits: the SKU of a larger pack whose credits cost less each, and why. ("", "") when there is none."""
    packs = [(variant, product) for product in SHELF if not product.is_agent for variant in product.variants]
    mine = next((variant for variant, _ in packs if variant.sku == sku), None)
    if mine is None:
        return "", ""
    best = min(packs, key=lambda pack: pack[0].price.amount_minor / pack[0].terms.credits.micro)[0]
    if best.price.amount_minor * mine.terms.credits.micro >= mine.price.amount_minor * best.terms.credits.micro:
        return "", ""
    instead = f"{each(best.price, best.terms)} each instead of {each(mine.price, mine.terms)}"
    return best.sku, f"{words.credits(best.terms.credits)} cost {instead}."


def slug_of(sku: str) -> str:
    return next((product.slug for product in SHELF for variant in product.variants if variant.sku == sku), "")


def built_skus(slug: str) -> list[str]:
    """Those its page was built with; none for a product that came later."""
    return [variant.sku for variant in _KNOWN[slug].variants] if slug in _KNOWN else []


def _times(terms: Terms, quantity: int) -> Credits:
    return Credits(terms.credits.micro * quantity)


def _entry(product: schemas.Product) -> catalogue.Product:
    """The shop's product in the catalogue's shape, with our words where we have them."""
    known = _KNOWN.get(product.slug)
    if known:
        return known
    text = product.description_plain
    kind = product.product_type
    return catalogue.Product(product.slug, product.name, kind, product.category, "agent", text.partition("\n")[0].split(". ")[0], text, ())


def _card(
    product: catalogue.Product, sku: str, name: str, price: Money, terms: Terms, available: bool = True, shown: Shot = NO_SHOT
) -> Card:
    known = _VARIANTS.get(Sku(sku))
    return Card(
        sku=sku,
        slug=product.slug,
        name=card_name(product.name, sku, name),
        summary=known.summary if known else product.summary,
        emblem=product.emblem,
        badge=name,
        price=str(price),
        minor=price.amount_minor,
        currency=price.currency,
        rows=_rows(product, price, terms),
        sign="pulse" if product.is_agent else "agents",
        tag="Measured: not enough runs yet" if product.is_agent else "Works for every agent you own",
        facets=_facets(product, name, terms),
        available=available,
        shot=shown,
    )


def _rows(product: catalogue.Product, price: Money, terms: Terms) -> list[Row]:
    if product.is_agent:
        included, knowledge = words.credits(terms.credits), words.megabytes(terms.knowledge)
        return [Row("A run", rules.price(terms.rules)), Row("Included", included), Row("Knowledge", knowledge)]
    return [Row("A credit", each(price, terms)), Row("Expires", "Never")]


def each(price: Money, terms: Terms) -> str:
    """The price of one credit, rounded to a minor unit."""
    return str(Money(round(price.amount_minor * 1_000_000 / terms.credits.micro), price.currency))


def _facets(product: catalogue.Product, plan: str, terms: Terms) -> list[str]:
    found = [f"category={product.category}"]
    if product.is_agent:
        found += [f"does={product.slug}", f"plan={plan.lower()}"]
        found += [f"connects={door}" for door, has in (("widget", terms.widgets), ("rest", terms.rest), ("mcp", terms.mcp)) if has]
    return found


def facet_words(products: Iterable[schemas.Product], terms: Mapping[str, Terms]) -> dict[str, dict[str, str]]:
    """Every facet's values in words, in the order shown: those of the catalogue, then what the shop sells beside it."""
    found = _built_words()
    for product in products:
        for variant in product.variants:
            if variant.sku in terms:
                found["category"].setdefault(product.category, product.category_name)
                if terms[variant.sku].run:
                    found["does"].setdefault(product.slug, product.name.removesuffix(" Agent").capitalize())
                    found["plan"].setdefault(variant.name.lower(), variant.name)
    return found


def _built_words() -> dict[str, dict[str, str]]:
    agents = {p.slug: p.name.removesuffix(" Agent").capitalize() for p in SHELF if p.is_agent}
    return {
        "category": dict(CATEGORIES),
        "does": agents,
        "plan": {"basic": "Basic", "pro": "Pro"},
        "connects": {"widget": "Website widget", "rest": "REST", "mcp": "MCP"},
    }


def _product(product: catalogue.Product, variants: list[tuple[str, str, Money, Terms]]) -> ProductView:
    ruled = variants[0][3].rules if product.is_agent and variants else None
    return ProductView(
        slug=product.slug,
        name=product.name,
        summary=product.summary,
        description=product.description,
        emblem=product.emblem,
        agent=product.is_agent,
        category=product.category,
        category_name=CATEGORIES.get(product.category, product.category),
        plans=[_plan(product, index, *variant) for index, variant in enumerate(variants)],
        charged=rules.charged(ruled) if ruled else [],
        not_charged=rules.not_charged(ruled) if ruled else [],
        questions=[Question(q.question, q.answer) for q in product.questions],
        tries=list(product.tries),
        sample=product.samples[0].name if product.is_agent and product.samples else "",
    )


def _plan(product: catalogue.Product, index: int, sku: str, name: str, price: Money, terms: Terms) -> Plan:
    included, knowledge = words.credits(terms.credits), words.megabytes(terms.knowledge)
    widgets = words.count(terms.widgets, "widget")
    return Plan(
        index=index,
        sku=sku,
        name=name,
        price=str(price),
        line=f"{included}, {knowledge} of knowledge, {widgets}" if product.is_agent else f"{each(price, terms)} a credit",
        gets=f"1 agent and {included}" if product.is_agent else included,
        run=rules.price(terms.rules),
        most=words.credits(terms.run),
        tokens=rules.by_tokens(terms.rules),
        credits=included,
        knowledge=knowledge,
        widgets=str(terms.widgets),
        rpm=str(terms.rpm),
        longest=words.count(terms.run_seconds, "second") if terms.run_seconds else "—",
        rest=terms.rest,
        mcp=terms.mcp,
    )
