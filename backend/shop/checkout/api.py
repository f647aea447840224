"""Resolvers of the checkout: reading one, and every change to it short of completing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from backend.db.engine import Tx
from backend.shop import ids
from backend.shop.catalogue.views import Country
from backend.shop.checkout import addresses
from backend.shop.checkout.service import Checkouts
from backend.shop.checkout.views import CheckoutView
from backend.shop.context import Info, ShopContext
from backend.shop.errors import require
from backend.shop.models import CheckoutRow
from backend.shop.mutations import Payload, mutation

query = QueryType()
mutations = MutationType()
checkout_type = ObjectType("Checkout")
channel_type = ObjectType("Channel")
shop_type = ObjectType("Shop")


@query.field("checkout")
async def checkout(_: object, info: Info, id: str | None = None, token: str | None = None) -> CheckoutView | None:
    context: ShopContext = info.context
    async with context.database.read() as tx:
        return await (await Checkouts.open(tx, context.clock)).find(ids.token("Checkout", id) if id else token)


@query.field("addressValidationRules")
def address_validation_rules(
    _: object, _info: Info, countryCode: str, countryArea: str | None = None, city: str | None = None, cityArea: str | None = None
) -> dict[str, Any]:
    return addresses.described(addresses.rules_of(countryCode, countryArea or "", city or "", cityArea or ""))


@channel_type.field("countries")
def shipped_to(*_: object) -> list[Country]:
    """Nothing is shipped anywhere."""
    return []


@shop_type.field("countries")
def countries(*_: object) -> list[Country]:
    return addresses.countries()


@checkout_type.field("transactions")
def transactions(parent: CheckoutView, info: Info) -> Any:
    require(info.context, "MANAGE_CHECKOUTS", "HANDLE_PAYMENTS")
    return parent.transactions


async def _shown(checkouts: Checkouts, row: CheckoutRow) -> Payload:
    return {"checkout": await checkouts.view(row)}


@mutations.field("checkoutCreate")
@mutation
async def create(tx: Tx, context: ShopContext, input: Mapping[str, Any]) -> Payload:
    if input.get("privateMetadata"):
        require(context, "MANAGE_CHECKOUTS")
    checkouts = await Checkouts.open(tx, context.clock)
    return {**await _shown(checkouts, await checkouts.create(input)), "created": True}


@mutations.field("checkoutLinesAdd")
@mutation
async def lines_add(
    tx: Tx, context: ShopContext, lines: Sequence[Mapping[str, Any]], id: str | None = None, token: str | None = None
) -> Payload:
    checkouts = await Checkouts.open(tx, context.clock)
    row = await checkouts.row(id or (ids.global_id("Checkout", token) if token else None))
    await checkouts.add(row, lines)
    return await _shown(checkouts, row)


@mutations.field("checkoutLinesUpdate")
@mutation
async def lines_update(tx: Tx, context: ShopContext, lines: Sequence[Mapping[str, Any]], id: str | None = None) -> Payload:
    checkouts = await Checkouts.open(tx, context.clock)
    row = await checkouts.row(id)
    await checkouts.update(row, lines)
    return await _shown(checkouts, row)


@mutations.field("checkoutLinesDelete")
@mutation
async def lines_delete(tx: Tx, context: ShopContext, lines_ids: Sequence[str], id: str | None = None) -> Payload:
    checkouts = await Checkouts.open(tx, context.clock)
    row = await checkouts.row(id)
    await checkouts.remove(row, lines_ids)
    return await _shown(checkouts, row)


@mutations.field("checkoutLineDelete")
@mutation
async def line_delete(tx: Tx, context: ShopContext, id: str | None = None, line_id: str | None = None) -> Payload:
    checkouts = await Checkouts.open(tx, context.clock)
    row = await checkouts.row(id)
    await checkouts.remove(row, [line_id or ""])
    return await _shown(checkouts, row)


@mutations.field("checkoutEmailUpdate")
@mutation
async def email_update(tx: Tx, context: ShopContext, email: str, id: str | None = None) -> Payload:
    checkouts = await Checkouts.open(tx, context.clock)
    row = await checkouts.row(id)
    await checkouts.set_email(row, email)
    return await _shown(checkouts, row)


@mutations.field("checkoutBillingAddressUpdate")
@mutation
async def billing_address_update(
    tx: Tx,
    context: ShopContext,
    billing_address: Mapping[str, Any],
    id: str | None = None,
    validation_rules: Mapping[str, Any] | None = None,
) -> Payload:
    checkouts = await Checkouts.open(tx, context.clock)
    row = await checkouts.row(id)
    await checkouts.set_billing(row, billing_address, validation_rules)
    return await _shown(checkouts, row)


@mutations.field("checkoutAddPromoCode")
@mutation
async def add_promo_code(tx: Tx, context: ShopContext, promo_code: str, id: str | None = None) -> Payload:
    checkouts = await Checkouts.open(tx, context.clock)
    row = await checkouts.row(id)
    await checkouts.add_promo_code(row, promo_code)
    return await _shown(checkouts, row)


@mutations.field("checkoutRemovePromoCode")
@mutation
async def remove_promo_code(tx: Tx, context: ShopContext, id: str | None = None, promo_code: str | None = None, **_: object) -> Payload:
    checkouts = await Checkouts.open(tx, context.clock)
    row = await checkouts.row(id)
    await checkouts.remove_promo_code(row, promo_code)
    return await _shown(checkouts, row)


bindables = [query, mutations, checkout_type, channel_type, shop_type]
