"""What a Saleor should have for this marketplace: the catalogue and our app's manifest, in Saleor's terms. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backend import catalogue
from backend.operator.setup.schemas import Attribute, Wanted, WantedApp, WantedProduct, WantedVariant, WantedWebhook

PICTURE = "picture.png"
_TYPES = {"ai-agent": "AI Agent", "credit-pack": "Credit Pack"}
_MEGABYTE = 1024 * 1024
ATTRIBUTES = (
    Attribute("cmp-plan", "Plan", "DROPDOWN", ("ai-agent",)),
    Attribute("cmp-credits", "Credits included", "NUMERIC", ("ai-agent", "credit-pack")),
    Attribute("cmp-run-credits", "Credits a run", "NUMERIC", ("ai-agent",)),
    Attribute("cmp-token-credits", "Credits for 1,000 tokens", "NUMERIC", ("ai-agent",)),
    Attribute("cmp-minimum-credits", "Credits a run, at least", "NUMERIC", ("ai-agent",)),
    Attribute("cmp-knowledge-mb", "Knowledge (MB)", "NUMERIC", ("ai-agent",)),
)
"""On the variants. The slugs carry our name, since a seller may well have a "plan" of his own."""
_BY_TOKENS = frozenset({"cmp-token-credits", "cmp-minimum-credits"})
"""Wanted once something is priced by its tokens; `cmp-run-credits` is then the most that one run costs."""


def wanted(
    products: Sequence[catalogue.Product],
    manifest: Mapping[str, Any],
    *,
    channel: str,
    currency: str,
    country: str,
    webhook_secret: str = "",
) -> Wanted:
    """channel: slug. currency: ISO 4217; the catalogue's figures are taken as they stand. country: where the channel is at home."""
    kept = ATTRIBUTES if any(v.terms.tokens for p in products for v in p.variants) else [a for a in ATTRIBUTES if a.slug not in _BY_TOKENS]
    types = {product.type: _TYPES.get(product.type, _title(product.type)) for product in products}
    return Wanted(
        channel=channel,
        currency=currency,
        country=country,
        types=types,
        categories={product.category: _title(product.category) for product in products},
        attributes=tuple(attribute for attribute in kept if set(attribute.types) & set(types)),
        products=tuple(_product(product) for product in products),
        app=app(manifest, webhook_secret),
    )


def app(manifest: Mapping[str, Any], webhook_secret: str = "") -> WantedApp:
    return WantedApp(
        identifier=manifest["id"],
        name=manifest["name"],
        permissions=frozenset(manifest["permissions"]),
        webhooks=tuple(
            WantedWebhook(hook["name"], hook["targetUrl"], hook["query"], frozenset(hook["asyncEvents"]), hook["isActive"])
            for hook in manifest["webhooks"]
        ),
        webhook_secret=webhook_secret,
    )


def _product(product: catalogue.Product) -> WantedProduct:
    picture = product.folder / PICTURE
    variants = tuple(
        WantedVariant(variant.sku, variant.name, variant.price.decimal, _values(product, variant)) for variant in product.variants
    )
    return WantedProduct(
        slug=product.slug,
        name=product.name,
        type=product.type,
        category=product.category,
        description=product.description,
        picture=picture if picture.exists() else None,
        variants=variants,
    )


def _values(product: catalogue.Product, variant: catalogue.Variant) -> dict[str, str]:
    terms = variant.terms
    said = {
        "cmp-plan": variant.name,
        "cmp-credits": str(terms.credits),
        "cmp-run-credits": str(terms.run),
        "cmp-knowledge-mb": str(terms.knowledge // _MEGABYTE),
    }
    if terms.tokens:
        said |= {"cmp-token-credits": str(terms.tokens.per_1000), "cmp-minimum-credits": str(terms.tokens.minimum)}
    carried = {attribute.slug for attribute in ATTRIBUTES if product.type in attribute.types}
    return {slug: value for slug, value in said.items() if slug in carried}


def _title(slug: str) -> str:
    return slug.replace("-", " ").capitalize().replace("Ai ", "AI ")
