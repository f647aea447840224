"""A small Saleor over HTTP: its answers have the shape of recorded ones, and its deliveries are signed as a real one signs."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import RSAKey

API_URL = "http://saleor.test/graphql/"
LONG_AGO = "2000-01-01T00:00:00+00:00"
CHANNEL = "default-channel"
WAREHOUSE = "V2FyZWhvdXNlOjE="
UPDATED = (
    "id",
    "number",
    "channel",
    "status",
    "chargeStatus",
    "total",
    "totalCharged",
    "totalRefunded",
    "transactions",
    "grantedRefunds",
    "fulfillments",
    "lines",
)
"""What the subscription for ORDER_UPDATED selects (and a little more)."""
APP_ID, APP_TOKEN = "QXBwOjI=", "the-token-of-our-app"
PRICES = {"CSA-BASIC": "19.99", "KBA-PRO": "79.99", "CREDITS-100": "10.00", "T-SHIRT": "15.00"}
NAMES = {
    "CSA-BASIC": ("Customer Support Agent", "Basic"),
    "KBA-PRO": ("Knowledge Base Agent", "Pro"),
    "CREDITS-100": ("Starter Credit Pack (100)", "100 credits"),
    "T-SHIRT": ("T-Shirt", "M"),
}


@cache
def _key() -> RSAKey:
    """One for all: a tenth of a second each would be felt, and a test about another key brings its own."""
    return RSAKey.generate_key(2048, {"kid": "key-1"})


@dataclass
class FakeSaleor:
    """down: answers 503 to everything, as a server behind a proxy does while it restarts. moved: told of each change of an order."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=_key)
    down: bool = False
    identifier: str = "cmp.provisioner"
    fulfilments: int = 0
    refuses_to_fulfil: str = ""
    asked: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    stocks: list[Any] = field(default_factory=list)

    def place(self, *skus: str, email: str = "buyer@example.com", charge: str = "FULL", quantity: int = 1, **metadata: str) -> str:
        number = len(self.orders) + 1
        order_id = base64.b64encode(f"Order:{number:08d}".encode()).decode()
        lines = [_line(number, position, sku, quantity) for position, sku in enumerate(skus, 1)]
        total = round(sum(line["totalPrice"]["gross"]["amount"] for line in lines), 2)
        charged = total if charge == "FULL" else round(total / 2, 2) if charge == "PARTIAL" else 0.0
        self.orders[order_id] = {
            "id": order_id,
            "number": str(number),
            "created": "2026-11-22T11:59:30.488060+00:00",
            "updatedAt": "2026-11-22T11:59:30.488060+00:00",
            "status": "UNFULFILLED",
            "isPaid": charge == "FULL",
            "chargeStatus": charge,
            "userEmail": email,
            "metadata": [{"key": key, "value": value} for key, value in metadata.items()],
            "total": {"gross": _money(total), "tax": _money(0.0)},
            "undiscountedTotal": {"gross": _money(total)},
            "totalAuthorized": _money(0.0),
            "totalCharged": _money(charged),
            "totalRefunded": _money(0.0),
            "transactions": [{"refundPendingAmount": _money(0.0), "events": [{"type": "CHARGE_SUCCESS", "amount": _money(charged)}]}],
            "grantedRefunds": [],
            "fulfillments": [],
            "events": [{"type": "PLACED", "message": None}],
            "channel": {"slug": CHANNEL, "warehouses": [{"id": WAREHOUSE}]},
            "lines": lines,
        }
        return order_id

    def line(self, order_id: str, sku: str) -> str:
        return str(next(line["id"] for line in self.orders[order_id]["lines"] if line["productSku"] == sku))

    def pay(self, order_id: str, amount: float | None = None) -> None:
        """Charge this, or else whatever is missing of the total, as a second transaction would."""
        order = self.orders[order_id]
        missing = order["total"]["gross"]["amount"] - order["totalCharged"]["amount"]
        self._move(order_id, missing if amount is None else amount, "CHARGE_SUCCESS")

    def refund(self, order_id: str, amount: float | None = None, **units: int) -> None:
        """Give money back. amount: all of it when None. units: line ids are too long to be names, so SKU (with _ for -) = quantity; they
        are granted first, the way the dashboard does it, and the order is then measured against what is left of the total."""
        order = self.orders[order_id]
        lines = {line["productSku"].replace("-", "_"): line for line in order["lines"]}
        named = [{"quantity": number, "orderLine": {"id": lines[sku]["id"]}} for sku, number in units.items()]
        if named and amount is None:
            amount = sum(lines[sku]["unitPrice"]["gross"]["amount"] * number for sku, number in units.items())
        back = order["totalCharged"]["amount"] if amount is None else amount
        if named:
            order["grantedRefunds"].append({"status": "SUCCESS", "amount": _money(back), "lines": named})
        order["totalRefunded"] = _money(order["totalRefunded"]["amount"] + back)
        self._move(order_id, -back, "REFUND_SUCCESS")

    def charge_back(self, order_id: str) -> None:
        """The bank takes everything back: no refund, and no other event than ORDER_UPDATED."""
        self._move(order_id, -self.orders[order_id]["totalCharged"]["amount"], "CHARGE_BACK")

    def _move(self, order_id: str, amount: float, kind: str) -> None:
        order = self.orders[order_id]
        order["transactions"][0]["events"].append({"type": kind, "amount": _money(abs(amount))})
        order["totalCharged"] = _money(order["totalCharged"]["amount"] + amount)
        charged = order["totalCharged"]["amount"]
        owed = round(order["total"]["gross"]["amount"] - sum(one["amount"]["amount"] for one in order["grantedRefunds"]), 2)
        order["chargeStatus"] = "FULL" if charged == owed else "NONE" if charged <= 0 else "PARTIAL" if charged < owed else "OVERCHARGED"
        order["isPaid"] = charged >= order["total"]["gross"]["amount"]
        self.moved.append(order_id)

    def delivery(
        self, order_id: str, event: str = "OrderFullyPaid", issued: str = "2026-11-22T12:00:00+00:00"
    ) -> tuple[bytes, dict[str, str]]:
        """The raw body and the headers of one event about an order."""
        order = self.orders.get(order_id, {"id": order_id, "number": "0"})
        parts = UPDATED if event == "OrderUpdated" else ("id", "number", "channel")
        body = {
            "__typename": event,
            "issuedAt": issued,
            "version": "3.23.28",
            "recipient": {"id": APP_ID},
            "order": {part: order[part] for part in parts if part in order},
        }
        raw = json.dumps(body).encode()
        name = "".join("_" + c.lower() if c.isupper() else c for c in event).lstrip("_")
        return raw, {"Saleor-Event": name, "Saleor-Api-Url": API_URL, "Saleor-Signature": self.sign(raw)}

    def sign(self, raw: bytes) -> str:
        header = _b64(json.dumps({"alg": "RS256", "b64": False, "crit": ["b64"], "kid": self.key.kid, "typ": "JWT"}).encode())
        return f"{header}..{_b64(self.key.private_key.sign(header.encode() + b'.' + raw, padding.PKCS1v15(), SHA256()))}"

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        self.asked.append(scope["path"])
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        status, answer = self._answer(scope, body)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    def _answer(self, scope: dict[str, Any], body: bytes) -> tuple[int, Any]:
        if self.down:
            return 503, {}
        if scope["path"] == "/.well-known/jwks.json":
            return 200, {"keys": [self.key.as_dict(private=False) | {"alg": "RS256", "use": "sig"}]}
        asked = json.loads(body)
        token = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ")
        name = "order" if asked["operationName"] == "OrderDelivery" else asked["operationName"]
        field_name = name[0].lower() + name[1:]
        return 200, {"data": {field_name: getattr(self, f"_{field_name}")(asked["variables"], token == APP_TOKEN)}}

    def _app(self, _: Any, ours: bool) -> Any:
        return {"id": APP_ID, "name": "CMP Provisioner", "identifier": self.identifier} if ours else None

    def _order(self, given: Any, _: bool) -> Any:
        return self.orders.get(given["id"])

    def _orders(self, given: Any, _: bool) -> Any:
        asked = given["filter"] or {}
        wanted, since = asked.get("chargeStatus"), datetime.fromisoformat(asked.get("updatedAt", {}).get("gte", LONG_AGO))
        found = [
            order
            for order in self.orders.values()
            if (not wanted or order["chargeStatus"] in wanted)
            and ("ids" not in asked or order["id"] in asked["ids"])
            and datetime.fromisoformat(order["updatedAt"]) >= since
        ]
        return {"pageInfo": {"hasNextPage": False, "endCursor": None}, "edges": [{"node": order} for order in reversed(found)]}

    def _warehouses(self, _: Any, __: bool) -> Any:
        return {"edges": [{"node": {"id": WAREHOUSE}}]}

    def _orderConfirm(self, given: Any, _: bool) -> Any:  # noqa: N802
        self.orders[given["id"]]["status"] = "UNFULFILLED"
        return self._wrote("confirm", given["id"])

    def _orderNoteAdd(self, given: Any, _: bool) -> Any:  # noqa: N802
        self.orders[given["order"]]["events"].append({"type": "NOTE_ADDED", "message": given["input"]["message"]})
        return self._wrote("note", given["order"])

    def _wrote(self, what: str, order_id: str) -> Any:
        """Each of an app's writes makes Saleor say that the order was updated."""
        self.written.append(what)
        self.moved.append(order_id)
        return {"errors": []}

    def _orderFulfill(self, given: Any, _: bool) -> Any:  # noqa: N802
        order = self.orders[given["order"]]
        if self.refuses_to_fulfil:
            return {
                "order": None,
                "errors": [{"field": None, "code": self.refuses_to_fulfil, "message": "This order cannot be fulfilled."}],
            }
        for wanted in given["input"]["lines"]:
            line = next(line for line in order["lines"] if line["id"] == wanted["orderLineId"])
            quantity = sum(stock["quantity"] for stock in wanted["stocks"])
            if quantity > line["quantityToFulfill"]:
                said = f"Only {line['quantityToFulfill']} items remaining to fulfill."
                return {"order": None, "errors": [{"field": "orderLineId", "code": "FULFILL_ORDER_LINE", "message": said}]}
            line["quantityToFulfill"] -= quantity
            self.fulfilments += 1
            self.stocks.append(wanted["stocks"])
            handed = {"quantity": quantity, "orderLine": {"id": line["id"]}}
            order["fulfillments"].append({"status": "FULFILLED", "lines": [handed]})
        open_lines = any(line["quantityToFulfill"] for line in order["lines"])
        order["status"] = "PARTIALLY_FULFILLED" if open_lines else "FULFILLED"
        return self._wrote("fulfil", order["id"]) | {"order": {"id": order["id"]}}

    def _updateMetadata(self, given: Any, _: bool) -> Any:  # noqa: N802
        order = self.orders[given["id"]]
        kept = {item["key"]: item["value"] for item in order["metadata"]} | {item["key"]: item["value"] for item in given["input"]}
        order["metadata"] = [{"key": key, "value": value} for key, value in kept.items()]
        return self._wrote("metadata", order["id"])


def _line(order: int, position: int, sku: str, quantity: int) -> dict[str, Any]:
    unit = float(PRICES[sku])
    product, variant = NAMES[sku]
    return {
        "id": base64.b64encode(f"OrderLine:{order:08d}-{position}".encode()).decode(),
        "productSku": sku,
        "productName": product,
        "variantName": variant,
        "quantity": quantity,
        "quantityToFulfill": quantity,
        "unitPrice": {"gross": {"amount": unit, "currency": "USD"}},
        "totalPrice": {"gross": {"amount": round(unit * quantity, 2), "currency": "USD"}},
        "metadata": [],
        "allocations": [{"quantity": quantity, "warehouse": {"id": WAREHOUSE}}],
        "variant": {"stocks": [{"quantity": 1000, "warehouse": {"id": WAREHOUSE}}]},
    }


def _money(amount: float) -> dict[str, Any]:
    return {"amount": round(amount, 2), "currency": "USD"}


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
