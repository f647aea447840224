"""The part of the plan that is about products, their variants, prices and stock. Pure."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from backend.kernel.errors import Conflict
from backend.operator.setup.schemas import (
    Listing,
    Present,
    Product,
    Ref,
    Step,
    Variant,
    Wanted,
    WantedProduct,
    WantedVariant,
    Warehouse,
)

PLENTY = 1_000_000
"""Units put in stock. Without stock Saleor calls a digital product unavailable and does not fulfil its orders."""
LOW = 100_000
"""Units under which stock is filled up again."""


def products(wanted: Wanted, present: Present, place: Warehouse | None) -> Iterator[Step]:
    for product in wanted.products:
        found = present.products.get(product.slug)
        yield from _product(product, found)
        yield from _listing(wanted, product, found.listing if found else None)
        yield from _picture(product, found)
        for variant in product.variants:
            yield from _variant(wanted, product, variant, present.variants.get(variant.sku), place)


def document(text: str) -> str:
    """Plain paragraphs as the EditorJS document that Saleor stores."""
    blocks = [{"id": f"p{n}", "type": "paragraph", "data": {"text": html.escape(part, quote=False)}} for n, part in enumerate(_parts(text))]
    return json.dumps({"blocks": blocks, "version": "2.24.3"})


def says(stored: str, text: str) -> bool:
    """Whether a stored description is these paragraphs. The dashboard adds times and ids of its own, which mean nothing."""
    try:
        blocks = json.loads(stored or "{}").get("blocks", [])
        found = [(block["type"], html.unescape(block["data"]["text"]).strip()) for block in blocks]
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return found == [("paragraph", part) for part in _parts(text)]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split("\n\n") if part.strip()]


def _product(product: WantedProduct, found: Product | None) -> Iterator[Step]:
    if found is None:
        given = {
            "productType": Ref("type", product.type),
            "category": Ref("category", product.category),
            "name": product.name,
            "slug": product.slug,
            "description": document(product.description),
        }
        yield Step(f"create product {product.slug}", "ProductCreate", {"input": given}, makes=Ref("product", product.slug))
        return
    if found.type != product.type:
        raise Conflict(
            f"Saleor has a product {product.slug} of the type {found.type}, and a product's type cannot be changed. Give that product "
            "another slug in Saleor, then run this again.",
            code="product_type",
        )
    changes: dict[str, tuple[str, Any]] = {}
    if found.name != product.name:
        changes["name"] = (f"name {found.name} → {product.name}", product.name)
    if found.category != product.category:
        changes["category"] = (f"category {found.category or 'none'} → {product.category}", Ref("category", product.category))
    if not says(found.description, product.description):
        changes["description"] = ("description", document(product.description))
    if changes:
        words = f"change product {product.slug}: {', '.join(said for said, _ in changes.values())}"
        yield Step(words, "ProductUpdate", {"id": found.id, "input": {name: value for name, (_, value) in changes.items()}})


def _listing(wanted: Wanted, product: WantedProduct, found: Listing | None) -> Iterator[Step]:
    if found == Listing(published=True, visible=True, purchasable=True):
        return
    lacks = [("publish", "isPublished", found and found.published), ("show in listings", "visibleInListings", found and found.visible)]
    lacks.append(("make available for purchase", "isAvailableForPurchase", found and found.purchasable))
    missing = [(said, name) for said, name, there in lacks if not there]
    said = "put on sale" if found is None else " and ".join(said for said, _ in missing)
    given = {"channelId": Ref("channel", ""), **{name: True for _, name in missing}}
    words = f"{said}: {product.slug} in {wanted.channel}"
    yield Step(words, "ProductListing", {"id": Ref("product", product.slug), "input": {"updateChannels": [given]}})


def _picture(product: WantedProduct, found: Product | None) -> Iterator[Step]:
    """Only where there is none, so that pictures of the seller's stay the only ones, and ours is not added twice."""
    if product.picture and not (found and found.pictures):
        given = {"product": Ref("product", product.slug), "alt": f"CMP emblem of {product.name}", "image": None}
        yield Step(f"add a picture to {product.slug}", "ProductMediaCreate", {"input": given}, upload=product.picture)


def _variant(
    wanted: Wanted, product: WantedProduct, variant: WantedVariant, found: Variant | None, place: Warehouse | None
) -> Iterator[Step]:
    if found is None:
        given: dict[str, Any] = {"product": Ref("product", product.slug), "sku": variant.sku, "name": variant.name, "trackInventory": False}
        given["attributes"] = _attributes(wanted, variant.attributes)
        given["stocks"] = [_stock()]
        yield Step(f"create variant {variant.sku}", "VariantCreate", {"input": given}, makes=Ref("variant", variant.sku))
    elif found.product != product.slug:
        raise Conflict(
            f"The SKU {variant.sku} belongs to the product {found.product} in Saleor, not to {product.slug}. Orders are understood by "
            "their SKU, so it must be unique: give that variant another SKU in Saleor, then run this again.",
            code="sku_taken",
        )
    else:
        yield from _changes(wanted, variant, found)
    yield from _price(wanted, variant, found)
    if found is not None:
        yield from _stocked(variant, found, place)


def _changes(wanted: Wanted, variant: WantedVariant, found: Variant) -> Iterator[Step]:
    said: list[str] = []
    given: dict[str, Any] = {}
    if found.name != variant.name:
        said.append(f"name {found.name} → {variant.name}")
        given["name"] = variant.name
    if found.tracked:
        said.append("do not count its stock")
        given["trackInventory"] = False
    kinds = {attribute.slug: attribute for attribute in wanted.attributes}
    other = {slug: value for slug, value in variant.attributes.items() if not _same(found.attributes.get(slug, ""), value)}
    if other:
        said += [f"{kinds[slug].name} {found.attributes.get(slug) or 'none'} → {value}" for slug, value in other.items()]
        given["attributes"] = _attributes(wanted, other)
    if said:
        yield Step(f"change variant {variant.sku}: {', '.join(said)}", "VariantUpdate", {"id": found.id, "input": given})


def _price(wanted: Wanted, variant: WantedVariant, found: Variant | None) -> Iterator[Step]:
    price = found.price if found else None
    if price == variant.price:
        return
    if price is None:
        words = f"set price of {variant.sku} in {wanted.channel}: {variant.price} {wanted.currency}"
    else:
        words = f"change price of {variant.sku} in {wanted.channel}: {_like(price, variant.price)} → {variant.price} {wanted.currency}"
    given = [{"channelId": Ref("channel", ""), "price": str(variant.price)}]
    yield Step(words, "VariantPrice", {"id": Ref("variant", variant.sku), "input": given})


def _stocked(variant: WantedVariant, found: Variant, place: Warehouse | None) -> Iterator[Step]:
    held = found.stocks.get(place.id) if place else None
    if held is not None and held >= LOW:
        return
    where = place.name if place else "Digital goods"
    words = f"stock {variant.sku} in {where}: {'nothing' if held is None else held} → {PLENTY}"
    yield Step(words, "StockCreate" if held is None else "StockUpdate", {"id": found.id, "stocks": [_stock()]})


def _stock() -> dict[str, Any]:
    return {"warehouse": Ref("warehouse", ""), "quantity": PLENTY}


def _attributes(wanted: Wanted, values: Mapping[str, str]) -> list[dict[str, Any]]:
    kinds = {attribute.slug: attribute.input_type for attribute in wanted.attributes}
    given: list[dict[str, Any]] = []
    for slug, value in values.items():
        typed = {"numeric": value} if kinds[slug] == "NUMERIC" else {"dropdown": {"value": value}}
        given.append({"id": Ref("attribute", slug), **typed})
    return given


def _same(found: str, value: str) -> bool:
    """Saleor may write a number in another way (2.0 for 2)."""
    try:
        return Decimal(found) == Decimal(value)
    except ArithmeticError:
        return found == value


def _like(price: Decimal, other: Decimal) -> Decimal:
    """With as many digits as the other has, if it can be said so: Saleor's JSON gives 49.0 for 49.00."""
    written = price.quantize(other) if other.as_tuple().exponent else price
    return written if written == price else price
