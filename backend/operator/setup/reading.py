"""Reads what there is in Saleor of all that we want there."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from backend.commerce import wire
from backend.operator.admin import Admin
from backend.operator.setup.schemas import (
    App,
    Channel,
    FoundAttribute,
    Listing,
    Present,
    Product,
    ProductType,
    Variant,
    Wanted,
    Warehouse,
    Webhook,
    Zone,
)

Data = Mapping[str, Any]
COMPANY = ("companyName", "streetAddress1", "streetAddress2", "city", "cityArea", "postalCode", "countryArea")


async def read(admin: Admin, wanted: Wanted, *, our_app: str, company: Data | None) -> Present:
    """our_app: Saleor's id of the app whose token we hold, or "". company: the shop's own address, if it has one."""
    given = {
        "channel": wanted.channel,
        "types": list(wanted.types),
        "categories": list(wanted.categories),
        "attributes": [attribute.slug for attribute in wanted.attributes],
    }
    place = await admin.ask("Place", given)
    warehouses = tuple(Warehouse(w["id"], w["slug"], w["name"]) for w in wire.nodes(place["warehouses"]))
    slugs = [product.slug for product in wanted.products]
    skus = [variant.sku for product in wanted.products for variant in product.variants]
    app = await _app(admin, wanted.app.identifier, our_app)
    return Present(
        channel=_channel(place["channel"]) if place["channel"] else None,
        warehouses=warehouses,
        zones=tuple(_zone(zone) for zone in wire.nodes(place["shippingZones"])),
        types={found["slug"]: _type(found) for found in wire.nodes(place["productTypes"])},
        categories={found["slug"]: found["id"] for found in wire.nodes(place["categories"])},
        attributes={a["slug"]: FoundAttribute(a["id"], a["type"], a["inputType"]) for a in wire.nodes(place["attributes"])},
        products={p["slug"]: _product(p, wanted.channel) async for p in admin.pages("Goods", {"slugs": slugs})},
        variants={v["sku"]: _variant(v, wanted.channel) async for v in admin.pages("Variants", {"skus": skus})},
        app=app,
        token_works=bool(app and app.id == our_app),
        address={} if warehouses else await _address(admin, wanted.country, company),
    )


def webhook(data: Data) -> Webhook:
    return Webhook(
        id=data["id"],
        name=data["name"] or "",
        target_url=data["targetUrl"],
        query=data["subscriptionQuery"] or "",
        events=frozenset(event["eventType"] for event in data["asyncEvents"]),
        active=data["isActive"],
        secret=data["secretKey"] or "",
    )


async def _app(admin: Admin, identifier: str, our_app: str) -> App | None:
    """The app of that identifier; where there are several, the one whose token we hold, else the first."""
    found = [node async for node in admin.pages("Apps") if node["identifier"] == identifier]
    if not found:
        return None
    node = next((node for node in found if node["id"] == our_app), found[0])
    permissions = frozenset(permission["code"] for permission in node["permissions"] or ())
    return App(node["id"], node["name"] or identifier, node["isActive"], permissions, tuple(webhook(h) for h in node["webhooks"] or ()))


async def _address(admin: Admin, country: str, company: Data | None) -> dict[str, str]:
    """For a warehouse of goods that lie nowhere: the company's, else one that satisfies Saleor's own rules for the country."""
    if company:
        given = {name: company[name] for name in COMPANY if company[name]}
        return {**given, "country": company["country"]["code"]}
    rules = (await admin.ask("AddressRules", {"country": country, "area": None}))["addressValidationRules"]
    area = next((choice["raw"] for choice in rules["countryAreaChoices"]), "")
    if area:
        rules = (await admin.ask("AddressRules", {"country": country, "area": area}))["addressValidationRules"]
    made = {
        "streetAddress1": "Digital goods",
        "city": next((choice["raw"] for choice in rules["cityChoices"]), "Digital goods"),
        "countryArea": area,
        "postalCode": next(iter(rules["postalCodeExamples"]), ""),
        "country": country,
    }
    return {name: value for name, value in made.items() if value}


def _channel(data: Data) -> Channel:
    warehouses = tuple(place["id"] for place in data["warehouses"])
    return Channel(data["id"], data["isActive"], data["currencyCode"], data["defaultCountry"]["code"], warehouses)


def _zone(data: Data) -> Zone:
    return Zone(
        id=data["id"],
        name=data["name"],
        countries=frozenset(country["code"] for country in data["countries"]),
        channels=frozenset(channel["slug"] for channel in data["channels"]),
        warehouses=frozenset(place["id"] for place in data["warehouses"]),
    )


def _type(data: Data) -> ProductType:
    attributes = frozenset(assigned["attribute"]["slug"] for assigned in data["assignedVariantAttributes"] or ())
    return ProductType(data["id"], data["kind"], data["isShippingRequired"], data["isDigital"], attributes)


def _product(data: Data, channel: str) -> Product:
    listing = _in_channel(data, channel)
    return Product(
        id=data["id"],
        name=data["name"],
        type=data["productType"]["slug"],
        category=data["category"]["slug"] if data["category"] else "",
        description=data["description"] or "",
        pictures=len(data["media"] or ()),
        listing=Listing(listing["isPublished"], listing["visibleInListings"], bool(listing["isAvailableForPurchase"])) if listing else None,
    )


def _variant(data: Data, channel: str) -> Variant:
    listing = _in_channel(data, channel)
    attributes = {a["attribute"]["slug"]: ", ".join(value["name"] for value in a["values"]) for a in data["attributes"]}
    return Variant(
        id=data["id"],
        name=data["name"],
        product=data["product"]["slug"],
        tracked=data["trackInventory"],
        attributes=attributes,
        stocks={stock["warehouse"]["id"]: stock["quantity"] for stock in data["stocks"] or ()},
        price=Decimal(str(listing["price"]["amount"])) if listing and listing["price"] else None,
    )


def _in_channel(data: Data, channel: str) -> Any:
    return next((listing for listing in data["channelListings"] or () if listing["channel"]["slug"] == channel), None)
