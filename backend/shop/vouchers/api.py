"""Resolvers of vouchers, for apps that manage discounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ariadne import MutationType, QueryType

from backend.db.engine import Tx
from backend.shop import ids
from backend.shop.catalogue import service as catalogue_service
from backend.shop.catalogue.views import ChannelView
from backend.shop.context import Info, ShopContext
from backend.shop.errors import refuse, require
from backend.shop.models import VoucherRow
from backend.shop.mutations import Payload, mutation
from backend.shop.paging import page
from backend.shop.payments.flows import MAX_AMOUNT
from backend.shop.views import moment
from backend.shop.vouchers import service

query = QueryType()
mutations = MutationType()
WHOLE = 10_000
"""A hundred percent, in hundredths of a percent."""


@query.field("vouchers")
async def vouchers(_: object, info: Info, **asked: Any) -> Any:
    context: ShopContext = info.context
    require(context, "MANAGE_DISCOUNTS")
    async with context.database.read() as tx:
        channels = (await catalogue_service.load(tx)).channels
        found = [await _shown(tx, row, channels[0]) for row in await service.rows(tx)] if channels else []
    window = {name: asked.get(name) for name in ("first", "after")}
    return page("vouchers", found, lambda one: [one["id"]], **window)


async def _shown(tx: Tx, row: VoucherRow, channel: ChannelView) -> dict[str, Any]:
    codes = [
        {"id": ids.global_id("VoucherCode", one.id), "code": one.code, "is_active": True, "used": one.used}
        for one in await service.codes(tx, row.id or 0)
    ]
    listing = {
        "id": ids.global_id("VoucherChannelListing", row.id),
        "channel": channel,
        "discount_value": (row.value or 0) / 100,
        "currency": channel.currency_code,
        "min_spent": None,
    }
    return {
        "id": ids.global_id("Voucher", row.id),
        "name": row.name,
        "code": codes[0]["code"] if codes else None,
        "codes": page("codes", codes, lambda one: [one["code"]], first=100),
        "usage_limit": row.usage_limit,
        "used": sum(one["used"] for one in codes),
        "start_date": moment(row.starts),
        "end_date": moment(row.ends) if row.ends else None,
        "discount_value_type": row.value_type,
        "type": "ENTIRE_ORDER",
        "apply_once_per_order": False,
        "channel_listings": [listing] if row.value is not None else [],
        "metadata": [],
        "private_metadata": [],
    }


async def _payload(tx: Tx, voucher_id: int) -> Payload:
    row = await service.row(tx, voucher_id)
    channels = (await catalogue_service.load(tx)).channels
    return {"voucher": await _shown(tx, row, channels[0]) if row and channels else None}


@mutations.field("voucherCreate")
@mutation
async def create(tx: Tx, context: ShopContext, input: Mapping[str, Any]) -> Payload:
    require(context, "MANAGE_DISCOUNTS")
    if input.get("type", "ENTIRE_ORDER") != "ENTIRE_ORDER":
        raise refuse("INVALID", "Only vouchers for the entire order are supported.", "type")
    codes = [code.strip() for code in input.get("addCodes") or [input.get("code") or ""]]
    if not all(codes):
        raise refuse("REQUIRED", "A voucher needs a code.", "codes")
    starts: datetime = input.get("startDate") or context.clock.now()
    made = await service.create(
        tx,
        name=input.get("name") or codes[0],
        codes=codes,
        value_type=input.get("discountValueType") or "FIXED",
        starts=starts,
        ends=input.get("endDate"),
        usage_limit=input.get("usageLimit"),
    )
    return await _payload(tx, made)


@mutations.field("voucherChannelListingUpdate")
@mutation
async def channel_listing_update(tx: Tx, context: ShopContext, id: str, input: Mapping[str, Any]) -> Payload:
    require(context, "MANAGE_DISCOUNTS")
    row = await service.row(tx, ids.number("Voucher", id))
    if row is None:
        raise refuse("NOT_FOUND", f"Couldn't resolve to a node: {id}", "id")
    for listing in input.get("addChannels") or ():
        value = int(listing["discountValue"] * 100)
        if value > (WHOLE if row.value_type == "PERCENTAGE" else MAX_AMOUNT):
            raise refuse("INVALID", "The discount is larger than the whole price.", "discountValue")
        await service.list_in_channel(tx, row.id or 0, value)
    await tx.refresh(row)
    return await _payload(tx, row.id or 0)


bindables = [query, mutations]
