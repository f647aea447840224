"""Resolvers of payments: for storefronts (initialize, process) and for apps that handle payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ariadne import MutationType, ObjectType

from backend.db.engine import Tx
from backend.shop.checkout.service import Checkouts
from backend.shop.context import Info, ShopContext
from backend.shop.errors import refuse, require
from backend.shop.models import TransactionEventRow, TransactionRow
from backend.shop.mutations import Payload, mutation
from backend.shop.orders.service import find as find_order
from backend.shop.payments import policy, service
from backend.shop.payments.flows import Payments, minor
from backend.shop.payments.views import TransactionView

mutations = MutationType()
transaction_type = ObjectType("TransactionItem")


def _payments(tx: Tx, context: ShopContext) -> Payments:
    return Payments(tx, context.clock, context.events)


async def _shown(tx: Tx, row: TransactionRow, currency: str) -> TransactionView:
    return (await service.views(tx, [row], currency))[0]


async def _currency(tx: Tx, context: ShopContext) -> str:
    return (await Checkouts.open(tx, context.clock)).catalogue.channels[0].currency_code


@transaction_type.field("order")
async def order(parent: TransactionView, info: Info) -> Any:
    context: ShopContext = info.context
    async with context.database.read() as tx:
        return await find_order(tx, parent.order_key)


@transaction_type.field("checkout")
async def checkout(parent: TransactionView, info: Info) -> Any:
    context: ShopContext = info.context
    async with context.database.read() as tx:
        return await (await Checkouts.open(tx, context.clock)).find(parent.checkout_key)


@mutations.field("paymentGatewayInitialize")
@mutation
async def gateway_initialize(
    tx: Tx, context: ShopContext, id: str, payment_gateways: Sequence[Mapping[str, Any]] | None = None, **_: object
) -> Payload:
    await _payments(tx, context).source(id)
    asked = [gateway["id"] for gateway in payment_gateways] if payment_gateways is not None else [policy.DUMMY]
    return {"gateway_configs": [_config(gateway) for gateway in asked]}


def _config(gateway: str) -> dict[str, Any]:
    if gateway == policy.DUMMY:
        return {"id": gateway, "data": {"results": sorted(policy.RESULTS)}, "errors": []}
    missing = refuse("NOT_FOUND", "App with provided identifier not found.", "id")
    return {"id": gateway, "data": None, "errors": missing.faults}


@mutations.field("transactionInitialize")
@mutation
async def initialize(
    tx: Tx,
    context: ShopContext,
    id: str,
    payment_gateway: Mapping[str, Any],
    amount: Decimal | None = None,
    action: str | None = None,
    idempotency_key: str | None = None,
) -> Payload:
    if action is not None:
        require(context, "HANDLE_PAYMENTS")
    payments = _payments(tx, context)
    source = await payments.source(id)
    data = payment_gateway.get("data")
    event = await payments.initialize(source, payment_gateway["id"], data, amount, idempotency_key)
    return await _result(tx, event, source.currency)


async def _result(tx: Tx, event: TransactionEventRow, currency: str) -> Payload:
    row = await service.find(tx, event.transaction_id)
    return {
        "transaction": await _shown(tx, row, currency) if row else None,
        "transaction_event": service.event_view(event, currency),
        "data": {"result": event.type},
    }


@mutations.field("transactionProcess")
@mutation
async def process(tx: Tx, context: ShopContext, id: str | None = None, token: str | None = None, data: object = None) -> Payload:
    payments = _payments(tx, context)
    event = await payments.process(await payments.transaction(id, token), data)
    return await _result(tx, event, await _currency(tx, context))


@mutations.field("transactionRequestAction")
@mutation
async def request_action(
    tx: Tx, context: ShopContext, action_type: str, amount: Decimal | None = None, id: str | None = None, token: str | None = None
) -> Payload:
    require(context, "HANDLE_PAYMENTS")
    payments = _payments(tx, context)
    row = await payments.transaction(id, token)
    currency = await _currency(tx, context)
    wanted = None if amount is None else minor(amount, currency)
    match action_type:
        case "REFUND":
            await payments.refund(row, wanted)
        case "CHARGE":
            await payments.charge(row, wanted)
        case _:
            raise refuse("INVALID", "The dummy gateway refunds and charges; nothing else.", "actionType")
    return {"transaction": await _shown(tx, row, currency)}


@mutations.field("transactionEventReport")
@mutation
async def event_report(
    tx: Tx,
    context: ShopContext,
    type: str,
    psp_reference: str,
    id: str | None = None,
    token: str | None = None,
    amount: Decimal | None = None,
    message: str | None = None,
    **_: object,
) -> Payload:
    require(context, "HANDLE_PAYMENTS")
    payments = _payments(tx, context)
    row = await payments.transaction(id, token)
    currency = await _currency(tx, context)
    if amount is None and type.endswith(("SUCCESS", "BACK", "REQUEST")):
        raise refuse("REQUIRED", "The amount is required for this event type.", "amount")
    known, event = await payments.report(row, type, minor(amount or Decimal(0), currency), psp_reference, message or "")
    return {
        "already_processed": known,
        "transaction": await _shown(tx, row, currency),
        "transaction_event": service.event_view(event, currency),
    }


@mutations.field("transactionCreate")
@mutation
async def create(tx: Tx, context: ShopContext, id: str, transaction: Mapping[str, Any], **_: object) -> Payload:
    require(context, "HANDLE_PAYMENTS")
    payments = _payments(tx, context)
    source = await payments.source(id)
    app = context.app.name if context.app else ""
    row = await payments.create(source, transaction, app)
    return {"transaction": await _shown(tx, row, source.currency)}


bindables = [mutations, transaction_type]
