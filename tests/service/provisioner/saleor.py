"""A small Saleor over HTTP: its answers have the shape of recorded ones, and its deliveries are signed as a real one signs."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import RSAKey

API_URL = "http://saleor.test/graphql/"
APP_ID, APP_TOKEN = "QXBwOjI=", "the-token-of-our-app"
PRICES = {"CSA-BASIC": "19.99", "KBA-PRO": "79.99", "CREDITS-100": "10.00", "T-SHIRT": "15.00"}
NAMES = {
    "CSA-BASIC": ("Customer Support Agent", "Basic"),
    "KBA-PRO": ("Knowledge Base Agent", "Pro"),
    "CREDITS-100": ("Starter Credit Pack (100)", "100 credits"),
    "T-SHIRT": ("T-Shirt", "M"),
}


@dataclass
class FakeSaleor:
    """down: answers 503 to everything, as a server behind a proxy does while it restarts."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "key-1"}))
    down: bool = False
    identifier: str = "cmp.provisioner"
    fulfilments: int = 0
    refuses_to_fulfil: str = ""
    asked: list[str] = field(default_factory=list)

    def place(self, *skus: str, email: str = "buyer@example.com", charge: str = "FULL", quantity: int = 1, **metadata: str) -> str:
        number = len(self.orders) + 1
        order_id = base64.b64encode(f"Order:{number:08d}".encode()).decode()
        lines = [_line(number, position, sku, quantity) for position, sku in enumerate(skus, 1)]
        total = sum(line["totalPrice"]["gross"]["amount"] for line in lines)
        self.orders[order_id] = {
            "id": order_id,
            "number": str(number),
            "created": "2026-11-22T11:59:30.488060+00:00",
            "status": "UNFULFILLED",
            "isPaid": charge == "FULL",
            "chargeStatus": charge,
            "userEmail": email,
            "metadata": [{"key": key, "value": value} for key, value in metadata.items()],
            "total": {"gross": {"amount": round(total, 2), "currency": "USD"}},
            "lines": lines,
        }
        return order_id

    def charge(self, order_id: str, status: str) -> None:
        self.orders[order_id] |= {"chargeStatus": status, "isPaid": status == "FULL"}

    def delivery(
        self, order_id: str, event: str = "OrderFullyPaid", issued: str = "2026-11-22T12:00:00+00:00"
    ) -> tuple[bytes, dict[str, str]]:
        """The raw body and the headers of one event about an order."""
        number = self.orders.get(order_id, {}).get("number", "0")
        body = {
            "__typename": event,
            "issuedAt": issued,
            "version": "3.23.28",
            "recipient": {"id": APP_ID},
            "order": {"id": order_id, "number": number},
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
        field_name = asked["operationName"][0].lower() + asked["operationName"][1:]
        return 200, {"data": {field_name: getattr(self, f"_{field_name}")(asked["variables"], token == APP_TOKEN)}}

    def _app(self, _: Any, ours: bool) -> Any:
        return {"id": APP_ID, "name": "CMP Provisioner", "identifier": self.identifier} if ours else None

    def _order(self, given: Any, _: bool) -> Any:
        return self.orders.get(given["id"])

    def _orders(self, given: Any, _: bool) -> Any:
        wanted = (given["filter"] or {}).get("chargeStatus")
        found = [order for order in self.orders.values() if not wanted or order["chargeStatus"] in wanted]
        return {"pageInfo": {"hasNextPage": False, "endCursor": None}, "edges": [{"node": order} for order in reversed(found)]}

    def _warehouses(self, _: Any, __: bool) -> Any:
        return {"edges": [{"node": {"id": "V2FyZWhvdXNlOjE="}}]}

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
        open_lines = any(line["quantityToFulfill"] for line in order["lines"])
        order["status"] = "PARTIALLY_FULFILLED" if open_lines else "FULFILLED"
        return {"order": {"id": order["id"]}, "errors": []}

    def _updateMetadata(self, given: Any, _: bool) -> Any:  # noqa: N802
        order = self.orders[given["id"]]
        kept = {item["key"]: item["value"] for item in order["metadata"]} | {item["key"]: item["value"] for item in given["input"]}
        order["metadata"] = [{"key": key, "value": value} for key, value in kept.items()]
        return {"errors": []}


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
    }


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
