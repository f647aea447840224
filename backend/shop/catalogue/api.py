"""Resolvers of the catalogue: channels, categories, product types, products, variants."""

from __future__ import annotations

from typing import Any

from ariadne import ObjectType, QueryType

from backend.shop import ids
from backend.shop.catalogue import policy, service
from backend.shop.catalogue.views import CategoryView, ProductView
from backend.shop.context import Info, ShopContext
from backend.shop.errors import BadRequest, require
from backend.shop.paging import page
from backend.shop.views import Connection

query = QueryType()
product_type = ObjectType("Product")
category_type = ObjectType("Category")


async def _catalogue(info: Info) -> service.Catalogue:
    context: ShopContext = info.context
    async with context.database.read() as tx:
        return await service.load(tx)


def _products(info: Info, found: service.Catalogue, channel: str | None, **asked: Any) -> Connection[ProductView]:
    """The page of products asked for; an unknown channel sells nothing."""
    if channel is None and len(found.channels) > 1:
        raise BadRequest("More than one channel exists. Specify which channel to use.")
    context: ShopContext = info.context
    everything = context.may("MANAGE_PRODUCTS")
    products = found.visible(all_of_them=everything) if found.channel(channel) else []
    if not everything:
        products = [product for product in products if product.prices]
    search = asked.get("search") or (asked.get("filter") or {}).get("search") or ""
    products = [product for product in products if not search or policy.rank(product, search)]
    products = policy.matching(products, policy.FILTERS, asked.get("filter"))
    products = policy.matching(products, policy.WHERE, asked.get("where"))
    by = asked.get("sortBy") or ({"field": "RANK", "direction": "DESC"} if search else {})
    key = policy.sort_key(by.get("field"), search)
    products.sort(key=key, reverse=by.get("direction") == "DESC")
    return page("products", products, lambda product: [str(part) for part in key(product)], **_window(asked))


def _window(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: asked.get(name) for name in ("first", "after", "last", "before")}


@query.field("products")
async def products(_: object, info: Info, channel: str | None = None, **asked: Any) -> Connection[ProductView]:
    return _products(info, await _catalogue(info), channel, **asked)


@query.field("product")
async def product(_: object, info: Info, id: str | None = None, slug: str | None = None, channel: str | None = None) -> ProductView | None:
    found = await _catalogue(info)
    context: ShopContext = info.context
    if not found.channel(channel):
        return None
    visible = found.visible(all_of_them=context.may("MANAGE_PRODUCTS"))
    return next((one for one in visible if (one.id == id if id else one.slug == slug)), None)


@query.field("productVariant")
async def product_variant(_: object, info: Info, id: str | None = None, sku: str | None = None, channel: str | None = None) -> Any:
    found = await _catalogue(info)
    if not found.channel(channel):
        return None
    context: ShopContext = info.context
    visible = [v for one in found.visible(all_of_them=context.may("MANAGE_PRODUCTS")) for v in one.variants]
    return next((one for one in visible if (one.id == id if id else one.sku == sku)), None)


@query.field("categories")
async def categories(_: object, info: Info, **asked: Any) -> Connection[CategoryView]:
    return page("categories", (await _catalogue(info)).categories, lambda one: [one.id], **_window(asked))


@query.field("category")
async def category(_: object, info: Info, id: str | None = None, slug: str | None = None) -> CategoryView | None:
    found = await _catalogue(info)
    return next((one for one in found.categories if (one.id == id if id else one.slug == slug)), None)


@query.field("productTypes")
async def product_types(_: object, info: Info, **asked: Any) -> Any:
    return page("productTypes", (await _catalogue(info)).types, lambda one: [one.slug], **_window(asked))


@query.field("productType")
async def product_type_by_id(_: object, info: Info, id: str) -> Any:
    return next((one for one in (await _catalogue(info)).types if one.id == id), None)


@query.field("channels")
async def channels(_: object, info: Info) -> Any:
    if info.context.app is None:
        require(info.context, "AUTHENTICATED_APP", "AUTHENTICATED_STAFF_USER")
    return (await _catalogue(info)).channels


@query.field("channel")
async def channel_by(_: object, info: Info, id: str | None = None, slug: str | None = None) -> Any:
    found = await _catalogue(info)
    return next((one for one in found.channels if (one.id == id if id else one.slug == slug)), None)


@query.field("warehouses")
async def warehouses(_: object, info: Info, **asked: Any) -> Any:
    require(info.context, "MANAGE_PRODUCTS", "MANAGE_ORDERS", "MANAGE_SHIPPING")
    found = [place for channel in (await _catalogue(info)).channels[:1] for place in channel.warehouses]
    return page("warehouses", found, lambda one: [one.slug], **_window(asked))


@category_type.field("products")
async def category_products(parent: CategoryView, info: Info, channel: str | None = None, **asked: Any) -> Any:
    found = await _catalogue(info)
    own = [one for one in found.products if one.category.id == parent.id]
    narrowed = service.Catalogue(found.channels, found.types, found.categories, own)
    return _products(info, narrowed, channel, **asked)


@product_type.field("variant")
def one_variant(parent: ProductView, _: Info, id: str | None = None, sku: str | None = None) -> Any:
    key = ids.number("ProductVariant", id) if id else None
    return next((one for one in parent.variants if (one.key == key if id else one.sku == sku)), None)


bindables = [query, product_type, category_type]
