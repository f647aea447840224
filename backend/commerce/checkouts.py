"""The checkout, from the first line to the placed order. An anonymous shopper's calls: whoever knows the checkout's id may make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backend.commerce import policy, wire
from backend.commerce.errors import CommerceError
from backend.commerce.schemas import Address, Checkout, CheckoutLine, Gateway, GiftCard, LineInput, LineProblem, Payment, PlacedOrder
from backend.commerce.session import Session
from backend.kernel.errors import Invalid, UpstreamFailed
from backend.kernel.ids import SaleorOrderId, Sku
from backend.kernel.money import Money


class CheckoutCalls:
    """Each change gives the whole checkout back. Raises CommerceError in words for a buyer, CheckoutGone when it is completed or lost."""

    def __init__(self, session: Session, channel: str) -> None:
        self._session, self._channel = session, channel

    async def create_checkout(
        self, lines: Sequence[LineInput], email: str | None = None, metadata: Mapping[str, str] | None = None
    ) -> Checkout:
        given: dict[str, Any] = {"channel": self._channel, "lines": [_line_input(line) for line in lines]}
        if email:
            given["email"] = email
        if metadata:
            given["metadata"] = wire.metadata_input(metadata)
        data = (await self._session.ask("CheckoutCreate", {"input": given}))["checkoutCreate"]
        if data["errors"]:
            raise policy.refusal(data["errors"])
        return _checkout(data["checkout"])

    async def checkout(self, checkout_id: str) -> Checkout | None:
        """None when it was completed, has expired, or never was."""
        data = (await self._session.ask("Checkout", {"id": checkout_id}))["checkout"]
        return _checkout(data) if data else None

    async def add_lines(self, checkout_id: str, lines: Sequence[LineInput]) -> Checkout:
        return await self._change("CheckoutLinesAdd", checkout_id, lines=[_line_input(line) for line in lines])

    async def set_quantity(self, checkout_id: str, line_id: str, quantity: int) -> Checkout:
        """quantity: 0 takes the line out."""
        if quantity < 0:
            raise Invalid("The quantity cannot be negative.", fields={"quantity": "0 or more."})
        return await self._change("CheckoutLinesUpdate", checkout_id, lines=[{"lineId": line_id, "quantity": quantity}])

    async def remove_line(self, checkout_id: str, line_id: str) -> Checkout:
        return await self._change("CheckoutLinesDelete", checkout_id, lines=[line_id])

    async def set_email(self, checkout_id: str, email: str) -> Checkout:
        return await self._change("CheckoutEmailUpdate", checkout_id, email=email)

    async def set_billing_address(self, checkout_id: str, address: Address) -> Checkout:
        return await self._change("CheckoutBillingAddressUpdate", checkout_id, address=_address_input(address))

    async def add_promo_code(self, checkout_id: str, code: str) -> Checkout:
        return await self._change("CheckoutAddPromoCode", checkout_id, code=code)

    async def remove_promo_code(self, checkout_id: str, code: str) -> Checkout:
        return await self._change("CheckoutRemovePromoCode", checkout_id, code=code)

    async def remove_gift_card(self, checkout_id: str, card_id: str) -> Checkout:
        return await self._change("CheckoutRemovePromoCode", checkout_id, card=card_id)

    async def gateway_config(self, checkout_id: str, gateway: str) -> Any:
        """What the gateway's own script needs to begin, such as a publishable key. Raises CommerceError when its app gives none."""
        data = (await self._session.ask("PaymentGatewayInitialize", {"id": checkout_id, "gateways": [{"id": gateway}]}))[
            "paymentGatewayInitialize"
        ]
        configs = [config for config in data["gatewayConfigs"] or () if config["id"] == gateway]
        if faults := data["errors"] or [fault for config in configs for fault in config["errors"] or ()]:
            raise policy.checkout_refusal(faults)
        if not configs:
            raise CommerceError("This way to pay is not offered.", code="not_found")
        return configs[0]["data"]

    async def pay(self, checkout_id: str, gateway: str, data: Any, idempotency_key: str, amount: Money | None = None) -> Payment:
        """Pay through a gateway's app. The same key never pays twice. data: JSON for that gateway, passed through. amount: what is still
        open when None; a repeated key has to name the same amount.
        """
        given: dict[str, Any] = {"id": checkout_id, "gateway": {"id": gateway, "data": data}, "key": idempotency_key}
        if amount is not None:
            given["amount"] = str(amount.decimal)
        return _payment((await self._session.ask("TransactionInitialize", given))["transactionInitialize"])

    async def process_payment(self, transaction_id: str, data: Any) -> Payment:
        """Go on with a payment that asked for something, such as a confirmation by the buyer's bank."""
        said = await self._session.ask("TransactionProcess", {"id": transaction_id, "data": data})
        return _payment(said["transactionProcess"])

    async def complete(self, checkout_id: str) -> PlacedOrder:
        """Turn the paid checkout into an order. Completing it again gives the same order."""
        data = (await self._session.ask("CheckoutComplete", {"id": checkout_id}))["checkoutComplete"]
        if data["errors"]:
            raise policy.checkout_refusal(data["errors"])
        if data["order"] is None:
            raise CommerceError("The payment has to be confirmed first.", code="payment_action_required")
        return PlacedOrder(SaleorOrderId(data["order"]["id"]), data["order"]["number"])

    async def _change(self, operation: str, checkout_id: str, **variables: Any) -> Checkout:
        (data,) = (await self._session.ask(operation, {"id": checkout_id, **variables})).values()
        if data["errors"]:
            raise policy.checkout_refusal(data["errors"])
        return _checkout(data["checkout"])


def _payment(data: wire.Data) -> Payment:
    """The event tells the outcome: a gateway that could not be reached leaves `errors` empty."""
    if data["errors"]:
        raise policy.checkout_refusal(data["errors"])
    event, transaction = data["transactionEvent"], data["transaction"]
    if not event or not transaction:
        raise UpstreamFailed("The shop did not say what became of the payment.", code="shop_failed")
    status = policy.payment_status(event["type"], event["message"] or "")
    return Payment(
        status, policy.payment_message(status, event["message"] or ""), transaction["id"], data["data"], event["externalUrl"] or ""
    )


def _line_input(line: LineInput) -> dict[str, Any]:
    given: dict[str, Any] = {"variantId": line.variant_id, "quantity": line.quantity}
    return given | {"metadata": wire.metadata_input(line.metadata)} if line.metadata else given


def _address_input(address: Address) -> dict[str, str]:
    """Only what was given: Saleor takes an empty string for a value, and refuses an empty country."""
    given = {theirs: getattr(address, policy.our_name(theirs)) for theirs in _ADDRESS_PARTS}
    return {name: value for name, value in given.items() if value}


_ADDRESS_PARTS = (
    *("firstName", "lastName", "companyName", "streetAddress1", "streetAddress2", "city"),
    *("cityArea", "postalCode", "country", "countryArea", "phone"),
)


def address_from(data: wire.Data) -> Address:
    parts = {policy.our_name(theirs): data[theirs] or "" for theirs in _ADDRESS_PARTS if theirs != "country"}
    return Address(**parts, country=data["country"]["code"])


def _line(data: wire.Data) -> CheckoutLine:
    variant = data["variant"]
    problem, left = _problem(data["problems"] or ())
    unit = wire.money(data["undiscountedUnitPrice"])
    return CheckoutLine(
        id=data["id"],
        variant_id=variant["id"],
        sku=Sku(variant["sku"] or ""),
        product_name=variant["product"]["name"],
        variant_name=variant["name"],
        product_slug=variant["product"]["slug"],
        quantity=data["quantity"],
        unit_price=wire.gross(data["unitPrice"]),
        total=wire.gross(data["totalPrice"]),
        net=wire.money(data["totalPrice"]["net"]),
        full_unit=unit,
        full=wire.money(data["undiscountedTotalPrice"]),
        today=_today(variant["pricing"], unit),
        problem=problem,
        left=left,
    )


def _problem(problems: Sequence[wire.Data]) -> tuple[LineProblem, int]:
    kinds = {problem["__typename"]: problem for problem in problems}
    if "CheckoutLineProblemVariantNotAvailable" in kinds:
        return "gone", 0
    short = kinds.get("CheckoutLineProblemInsufficientStock")
    return ("short", max(0, short["availableQuantity"] or 0)) if short else ("", 0)


def _today(pricing: wire.Data | None, held: Money) -> Money | None:
    """Today's price as the shop keeps its prices, which nobody says is with tax or without: the one of the two that was held, if it is."""
    price = pricing["priceUndiscounted"] if pricing else None
    if not price:
        return None
    gross, net = wire.gross(price), wire.money(price["net"])
    return net if held == net else gross


def _checkout(data: wire.Data) -> Checkout:
    total = data["totalPrice"]
    return Checkout(
        id=data["id"],
        email=data["email"] or "",
        lines=tuple(_line(line) for line in data["lines"]),
        subtotal=wire.gross(data["subtotalPrice"]),
        discount=wire.money(data["discount"]) if data["discount"] else Money(0, total["gross"]["currency"]),
        tax=wire.money(total["tax"]),
        total=wire.gross(total),
        promo_code=data["voucherCode"] or "",
        billing_address=address_from(data["billingAddress"]) if data["billingAddress"] else None,
        gateways=tuple(Gateway(gateway["id"], gateway["name"]) for gateway in data["availablePaymentGateways"]),
        net=wire.money(total["net"]),
        balance=wire.money(data["totalBalance"]),
        charge_status=data["chargeStatus"],
        authorize_status=data["authorizeStatus"],
        gross_display=data["displayGrossPrices"],
        gift_cards=tuple(GiftCard(card["id"], card["last4CodeChars"]) for card in data["giftCards"]),
    )
