"""From what is wanted and what is there to the steps between: data in, plan out.

Nothing is ever deleted, and only what we named ourselves is looked at: the products, SKUs, types, categories and attributes of the
catalogue, one channel, one warehouse for it, and our own app. A plan that is carried out leaves nothing to plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from backend.kernel.errors import Conflict
from backend.operator.setup import apps, goods
from backend.operator.setup.schemas import Present, Ref, Step, Wanted, Warehouse

NEEDED = frozenset({"MANAGE_APPS", "MANAGE_CHANNELS", "MANAGE_PRODUCTS", "MANAGE_PRODUCT_TYPES_AND_ATTRIBUTES", "MANAGE_SHIPPING"})
"""Permissions whoever runs the set-up needs in Saleor, beside those the app is to have: nobody can give what he does not hold."""


def plan(wanted: Wanted, present: Present) -> list[Step]:
    """Raises Conflict, saying what to do, for what cannot be changed without touching what the seller made."""
    place = warehouse(present)
    return [
        *_channel(wanted, present),
        *_warehouse(wanted, present, place),
        *_zone(wanted, present, place),
        *_attributes(wanted, present),
        *_types(wanted, present),
        *_categories(wanted, present),
        *goods.products(wanted, present, place),
        *apps.app(wanted.app, present),
    ]


def known(present: Present) -> dict[Ref, str]:
    """The ids that are there already, for the variables of the steps."""
    ids = {Ref("type", slug): found.id for slug, found in present.types.items()}
    ids |= {Ref("category", slug): id_ for slug, id_ in present.categories.items()}
    ids |= {Ref("attribute", slug): found.id for slug, found in present.attributes.items()}
    ids |= {Ref("product", slug): found.id for slug, found in present.products.items()}
    ids |= {Ref("variant", sku): found.id for sku, found in present.variants.items()}
    if present.channel:
        ids[Ref("channel", "")] = present.channel.id
    if place := warehouse(present):
        ids[Ref("warehouse", "")] = place.id
    if present.app:
        ids[Ref("app", "")] = present.app.id
    return ids


def warehouse(present: Present) -> Warehouse | None:
    """Where the goods are in stock: a warehouse of the channel if it has one, else any, else None; of several the one with most of them."""
    assigned = [place for place in present.warehouses if present.channel and place.id in present.channel.warehouses]

    def stocked(place: Warehouse) -> tuple[int, str]:
        return (-sum(place.id in variant.stocks for variant in present.variants.values()), place.slug)

    return min(assigned or present.warehouses, key=stocked, default=None)


def version_of(text: str) -> tuple[int, int]:
    """Major and minor of "3.23.28" or ">=3.20 <4.0". Raises Conflict for what names no version."""
    found = re.search(r"(\d+)\.(\d+)", text)
    if not found:
        raise Conflict(f"Saleor calls its version {text!r}, which is none.", code="saleor_version")
    return int(found[1]), int(found[2])


def _channel(wanted: Wanted, present: Present) -> Iterator[Step]:
    slug, found = wanted.channel, present.channel
    if found is None:
        given = {"name": _title(slug), "slug": slug, "currencyCode": wanted.currency, "defaultCountry": wanted.country, "isActive": True}
        yield Step(f"create channel {slug} ({wanted.currency})", "ChannelCreate", {"input": given}, makes=Ref("channel", ""))
    elif found.currency != wanted.currency:
        raise Conflict(
            f"The channel {slug} sells in {found.currency}, and a channel's currency cannot be changed. To sell in {found.currency} at the "
            f"catalogue's figures add --currency {found.currency}; to sell in {wanted.currency} name a new channel with --channel.",
            code="channel_currency",
        )
    elif not found.active:
        yield Step(f"activate channel {slug}", "ChannelUpdate", {"id": found.id, "input": {"isActive": True}})


def _warehouse(wanted: Wanted, present: Present, place: Warehouse | None) -> Iterator[Step]:
    if place is None:
        given = {"name": "Digital goods", "slug": "digital-goods", "address": dict(present.address)}
        yield Step("create warehouse Digital goods", "WarehouseCreate", {"input": given}, makes=Ref("warehouse", ""))
    if place is None or present.channel is None or place.id not in present.channel.warehouses:
        words = f"assign warehouse {place.name if place else 'Digital goods'} to channel {wanted.channel}"
        yield Step(words, "ChannelUpdate", {"id": Ref("channel", ""), "input": {"addWarehouses": [Ref("warehouse", "")]}})


def _zone(wanted: Wanted, present: Present, place: Warehouse | None) -> Iterator[Step]:
    """Saleor counts a warehouse's stock only where a shipping zone joins it to the channel, for goods that are never shipped too."""
    country = present.channel.country if present.channel else wanted.country
    for zone in present.zones:
        if place and place.id in zone.warehouses and wanted.channel in zone.channels and country in zone.countries:
            return
    name = f"Digital goods ({wanted.channel})"
    given = {"addWarehouses": [Ref("warehouse", "")], "addChannels": [Ref("channel", "")]}
    if found := next((zone for zone in present.zones if zone.name == name), None):
        countries = sorted(found.countries | {country})
        yield Step(
            f"join shipping zone {name} to the warehouse",
            "ShippingZoneUpdate",
            {"id": found.id, "input": {**given, "countries": countries}},
        )
    else:
        words = f"create shipping zone {name}, without which Saleor does not count the stock"
        yield Step(words, "ShippingZoneCreate", {"input": {**given, "name": name, "countries": [country]}})


def _attributes(wanted: Wanted, present: Present) -> Iterator[Step]:
    for attribute in wanted.attributes:
        found = present.attributes.get(attribute.slug)
        if found is None:
            given = {"name": attribute.name, "slug": attribute.slug, "type": "PRODUCT_TYPE", "inputType": attribute.input_type}
            yield Step(f"create attribute {attribute.name}", "AttributeCreate", {"input": given}, makes=Ref("attribute", attribute.slug))
        elif (found.type, found.input_type) != ("PRODUCT_TYPE", attribute.input_type):
            raise Conflict(
                f"Saleor has an attribute {attribute.slug} of another kind ({found.type}, {found.input_type}; needed: PRODUCT_TYPE, "
                f"{attribute.input_type}). Give that one another slug in Saleor, then run this again.",
                code="attribute_kind",
            )


def _types(wanted: Wanted, present: Present) -> Iterator[Step]:
    digital: Mapping[str, bool] = {"isShippingRequired": False, "isDigital": True}
    for slug, name in wanted.types.items():
        found = present.types.get(slug)
        if found is None:
            given = {"name": name, "slug": slug, "kind": "NORMAL", **digital}
            yield Step(f"create product type {slug}", "ProductTypeCreate", {"input": given}, makes=Ref("type", slug))
        elif found.kind != "NORMAL":
            raise Conflict(
                f"Saleor has a product type {slug} of kind {found.kind}, which cannot be changed. Give that type another slug in Saleor.",
                code="type_kind",
            )
        elif found.shipping or not found.digital:
            yield Step(f"make product type {slug} digital, without shipping", "ProductTypeUpdate", {"id": found.id, "input": digital})
        carried = found.attributes if found else frozenset()
        missing = [a for a in wanted.attributes if slug in a.types and a.slug not in carried]
        if missing:
            words = f"give variants of {slug} the attributes {', '.join(a.name for a in missing)}"
            operations = [{"id": Ref("attribute", a.slug), "type": "VARIANT"} for a in missing]
            yield Step(words, "AttributeAssign", {"id": Ref("type", slug), "operations": operations})


def _categories(wanted: Wanted, present: Present) -> Iterator[Step]:
    for slug, name in wanted.categories.items():
        if slug not in present.categories:
            given = {"name": name, "slug": slug}
            yield Step(f"create category {slug}", "CategoryCreate", {"input": given}, makes=Ref("category", slug))


def _title(slug: str) -> str:
    return slug.replace("-", " ").title()
