"""Reads the catalogue as one snapshot. It holds what the `catalogue/` folder holds, a few dozen products, so it is read whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from backend.db.engine import Tx
from backend.shop.catalogue.views import (
    CategoryView,
    ChannelView,
    Country,
    ProductTypeView,
    ProductView,
    VariantView,
    WarehouseView,
)
from backend.shop.ids import global_id
from backend.shop.models import CategoryRow, ChannelRow, ProductRow, ProductTypeRow, VariantRow, WarehouseRow
from backend.shop.views import items, moment

_COUNTRIES = {"US": "United States of America"}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """products, categories and types in their order of making; unpublished products are in it too."""

    channels: Sequence[ChannelView]
    types: Sequence[ProductTypeView]
    categories: Sequence[CategoryView]
    products: Sequence[ProductView]

    def channel(self, slug: str | None) -> ChannelView | None:
        """The channel of this slug; without one, the only channel there is."""
        return next((channel for channel in self.channels if slug in (None, channel.slug)), None)

    def variant(self, key: int | None) -> VariantView | None:
        return next((variant for variant in self.variants if variant.key == key), None)

    @property
    def variants(self) -> list[VariantView]:
        return [variant for product in self.products for variant in product.variants]

    def visible(self, *, all_of_them: bool = False) -> list[ProductView]:
        return [product for product in self.products if product.published or all_of_them]


async def load(tx: Tx) -> Catalogue:
    channels = await _channels(tx)
    types = {row.id: _type(row) for row in await tx.scalars(select(ProductTypeRow).order_by(col(ProductTypeRow.id)))}
    categories = {row.id: _category(row) for row in await tx.scalars(select(CategoryRow).order_by(col(CategoryRow.id)))}
    products: dict[int, ProductView] = {}
    if channels:
        for row in await tx.scalars(select(ProductRow).order_by(col(ProductRow.id))):
            products[row.id or 0] = _product(row, types[row.type_id], categories[row.category_id], channels[0])
        for variant in await tx.scalars(select(VariantRow).order_by(col(VariantRow.position), col(VariantRow.id))):
            product = products[variant.product_id]
            product.variants.append(_variant(variant, product, channels[0]))
    return Catalogue(channels, list(types.values()), list(categories.values()), list(products.values()))


async def _channels(tx: Tx) -> list[ChannelView]:
    warehouses = [
        WarehouseView(global_id("Warehouse", row.id), row.slug, row.name)
        for row in await tx.scalars(select(WarehouseRow).order_by(col(WarehouseRow.slug)))
    ]
    rows = await tx.scalars(select(ChannelRow).order_by(col(ChannelRow.id)))
    return [_channel(row, warehouses) for row in rows]


def _channel(row: ChannelRow, warehouses: Sequence[WarehouseView]) -> ChannelView:
    country = Country(row.country, _COUNTRIES.get(row.country, row.country))
    return ChannelView(global_id("Channel", row.id), row.id or 0, row.slug, row.name, row.currency, country, warehouses)


def _type(row: ProductTypeRow) -> ProductTypeView:
    return ProductTypeView(global_id("ProductType", row.id), row.slug, row.name)


def _category(row: CategoryRow) -> CategoryView:
    return CategoryView(global_id("Category", row.id), row.slug, row.name)


def _product(row: ProductRow, kind: ProductTypeView, category: CategoryView, channel: ChannelView) -> ProductView:
    return ProductView(
        id=global_id("Product", row.id),
        key=row.id or 0,
        slug=row.slug,
        name=row.name,
        description=row.description,
        published=row.published,
        product_type=kind,
        category=category,
        created=moment(row.created),
        updated_at=moment(row.updated),
        metadata=items(row.meta),
        private_metadata=items(row.private_meta),
        shop_channel=channel,
    )


def _variant(row: VariantRow, product: ProductView, channel: ChannelView) -> VariantView:
    return VariantView(
        id=global_id("ProductVariant", row.id),
        key=row.id or 0,
        sku=row.sku,
        name=row.name,
        price=row.price,
        track_inventory=row.track_inventory,
        stock=row.stock,
        created=moment(row.created),
        updated_at=moment(row.updated),
        metadata=items(row.meta),
        private_metadata=items(row.private_meta),
        shop_channel=channel,
        product=product,
    )
