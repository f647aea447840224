"""A Saleor that holds any number of paid orders, as a process of its own: `python -m benchmarks._paid_orders FOLDER`.

It answers what a provisioner asks (an order, fulfil it, its metadata, who am I, the public keys), keeps what was fulfilled in memory, and
writes its URL and its key into FOLDER. Order number N exists for every N. Also signs deliveries, for whoever sends them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

import uvicorn
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import RSAKey

APP_ID, TOKEN = "QXBwOjI=", "the-token-of-our-app"
BUYER = "demo@example.com"
SKU, PRICE = "CREDITS-100", 10.0


class PaidOrders:
    def __init__(self, key: RSAKey) -> None:
        self._jwks = {"keys": [key.as_dict(private=False) | {"alg": "RS256", "use": "sig", "kid": "bench"}]}
        self._fulfilled: set[str] = set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        answer = self._jwks if scope["path"].endswith("jwks.json") else self._graphql(json.loads(body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    def _graphql(self, asked: dict[str, Any]) -> dict[str, Any]:
        given = asked["variables"]
        match asked["operationName"]:
            case "App":
                return _data(app={"id": APP_ID, "name": "CMP Provisioner", "identifier": "cmp.provisioner"})
            case "Order":
                return _data(order=self._order(given["id"]))
            case "Orders":
                return _data(orders={"pageInfo": {"hasNextPage": False, "endCursor": None}, "edges": []})
            case "Warehouses":
                return _data(warehouses={"edges": [{"node": {"id": "V2FyZWhvdXNlOjE="}}]})
            case "OrderFulfill":
                self._fulfilled.add(given["order"])
                return _data(orderFulfill={"order": {"id": given["order"]}, "errors": []})
            case other:
                return _data(**{other[0].lower() + other[1:]: {"errors": []}})

    def _order(self, order_id: str) -> dict[str, Any]:
        done = order_id in self._fulfilled
        money = {"gross": {"amount": PRICE, "currency": "USD"}}
        line = {
            "id": order_id.replace("T3JkZXI6", "T3JkZXJMaW5lOg"),
            "productSku": SKU,
            "productName": "Starter Credit Pack (100)",
            "variantName": "100 credits",
            "quantity": 1,
            "quantityToFulfill": 0 if done else 1,
            "unitPrice": money,
            "totalPrice": money,
            "metadata": [],
        }
        return {
            "id": order_id,
            "number": base64.b64decode(order_id).decode().partition(":")[2],
            "created": "2026-11-22T11:59:30.488060+00:00",
            "status": "FULFILLED" if done else "UNFULFILLED",
            "isPaid": True,
            "chargeStatus": "FULL",
            "userEmail": BUYER,
            "metadata": [],
            "total": money,
            "lines": [line],
        }


class Signer:
    """Deliveries as Saleor makes them. api_url: of the Saleor they come from."""

    def __init__(self, key: RSAKey, api_url: str) -> None:
        self._key, self._api_url = key, api_url

    def delivery(self, number: int) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of ORDER_FULLY_PAID about one order."""
        body = {
            "__typename": "OrderFullyPaid",
            "issuedAt": "2026-11-22T12:00:00+00:00",
            "version": "3.23.28",
            "recipient": {"id": APP_ID},
            "order": {"id": base64.b64encode(f"Order:{number:012d}".encode()).decode(), "number": str(number)},
        }
        raw = json.dumps(body).encode()
        headers = {"Saleor-Event": "order_fully_paid", "Saleor-Api-Url": self._api_url, "Content-Type": "application/json"}
        return raw, headers | {"Saleor-Signature": sign(self._key, raw)}


def sign(key: RSAKey, raw: bytes) -> str:
    """A detached signature (RFC 7797), as Saleor makes it."""
    header = _b64(json.dumps({"alg": "RS256", "b64": False, "crit": ["b64"], "kid": key.kid, "typ": "JWT"}).encode())
    return f"{header}..{_b64(key.private_key.sign(header.encode() + b'.' + raw, padding.PKCS1v15(), hashes.SHA256()))}"


def _data(**fields: Any) -> dict[str, Any]:
    return {"data": fields}


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


async def main(folder: Path) -> None:
    key = RSAKey.generate_key(2048, {"kid": "bench"})
    server = uvicorn.Server(uvicorn.Config(PaidOrders(key), host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    private = key.private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    (folder / "url.part").write_text(f"http://127.0.0.1:{port}/graphql/")
    (folder / "url.part").rename(folder / "url")
    await serving


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
