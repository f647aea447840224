"""From a product as the shop's GraphQL sends it to the value that pages use. Pure."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from backend.commerce import description, wire
from backend.commerce.schemas import Picture, Product, Variant
from backend.kernel.ids import Sku

EMBLEM_ALT = "CMP emblem"
"""How the alt text of a picture begins that our own set-up uploaded; pages draw that emblem themselves, sharp at any size."""


def product(data: wire.Data, shop: str) -> Product:
    """shop: its URL, for addresses that are given without a host."""
    text = description.read(data["description"])
    category = data["category"] or {"slug": "", "name": ""}
    for_sale = data["isAvailableForPurchase"] is not False
    return Product(
        id=data["id"],
        slug=data["slug"],
        name=data["name"],
        description_html=text.html,
        description_plain=text.plain,
        category=category["slug"],
        category_name=category["name"],
        product_type=data["productType"]["slug"],
        variants=tuple(variant for item in data["variants"] or () if (variant := _variant(item, for_sale))),
        picture=next((found for item in data["media"] or () if (found := _picture(item, data["name"], shop))), None),
    )


def _variant(data: wire.Data, for_sale: bool) -> Variant | None:
    """None when it has no price in this channel, and so cannot be bought in it."""
    price = (data["pricing"] or {}).get("price")
    if price is None:
        return None
    available = for_sale and (data["quantityAvailable"] or 0) > 0
    return Variant(data["id"], Sku(data["sku"] or ""), data["name"], wire.gross(price), available)


def _picture(data: wire.Data, name: str, shop: str) -> Picture | None:
    """None for a video, and for an emblem of ours."""
    alt = (data["alt"] or "").strip()
    if data["type"] != "IMAGE" or data["emblem"] is not None or alt.startswith(EMBLEM_ALT):
        return None
    small, middle, large = (_address(data[size], shop) for size in ("at256", "at512", "at1024"))
    return Picture(alt or name, small, middle, large) if small and middle and large else None


def _address(url: str, shop: str) -> str:
    """Absolute, or "" when it is no web address."""
    try:
        whole = urljoin(shop, url)
        return whole if urlsplit(whole).scheme in {"http", "https"} else ""
    except ValueError:
        return ""
