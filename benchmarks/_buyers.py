"""People who buy, and staff who refunds, cancels and charges again; all through the shop's own GraphQL. Seeded, so that a run repeats."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

PLANS = ("at once", "action required", "failure, then another card", "two cards", "pending", "in parts", "failure first")
"""How an order is paid. The last two are authorised first, so that the order stands before it is paid."""
AFTER = {"refund": 0.1, "partly": 0.07, "cancel": 0.05, "charge again": 0.06, "charge back": 0.03}
"""What happens to a share of the orders once they are placed."""
ADDRESS = {
    "firstName": "A",
    "lastName": "B",
    "streetAddress1": "1 Way",
    "city": "Town",
    "postalCode": "10001",
    "country": "US",
    "countryArea": "NY",
}

CREATE = """mutation($input: CheckoutCreateInput!) { checkoutCreate(input: $input) { checkout { id totalPrice { gross { amount } } }
  errors { field code message } } }"""
INITIALIZE = """mutation($id: ID!, $amount: PositiveDecimal, $data: JSON) { transactionInitialize(id: $id, amount: $amount,
  paymentGateway: { id: "saleor.io.dummy-payment-app", data: $data }) { transaction { id } errors { code message } } }"""
PROCESS = (
    "mutation($id: ID!, $data: JSON) { transactionProcess(id: $id, data: $data) { transactionEvent { type } errors { code message } } }"
)
COMPLETE = "mutation($id: ID!) { checkoutComplete(id: $id) { order { id } errors { code message } } }"
REQUEST = """mutation($id: ID!, $type: TransactionActionEnum!, $amount: PositiveDecimal) {
  transactionRequestAction(id: $id, actionType: $type, amount: $amount) { errors { code message } } }"""
CANCEL = "mutation($id: ID!) { orderCancel(id: $id) { errors { code message } } }"
AGAIN = """mutation($id: ID!, $transaction: TransactionCreateInput!) { transactionCreate(id: $id, transaction: $transaction) {
  errors { code message } } }"""
REPORT = """mutation($id: ID!, $amount: PositiveDecimal!, $psp: String!) {
  transactionEventReport(id: $id, type: CHARGE_BACK, amount: $amount, pspReference: $psp) { errors { code message } } }"""
VARIANTS = 'query { products(first: 50, channel: "default-channel") { edges { node { variants { id sku } } } } }'


@dataclass
class Buyers:
    """payments: URL of the payment app. emails: of those who are known to us, then of those who are not."""

    shop: dict[str, str]
    payments: str
    emails: list[str]
    seed: int
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        # No connection is kept: the shop closes idle ones, and a purchase that meets one just then is not repeated.
        self._http = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_keepalive_connections=0))
        self._random = random.Random(f"buyers-{self.seed}")
        self._variants: dict[str, str] = {}

    async def buy(self, orders: int, at_once: int) -> None:
        """Place that many orders, and let happen to them what will."""
        edges = (await self._ask(VARIANTS))["products"]["edges"]
        self._variants = {one["sku"]: one["id"] for edge in edges for one in edge["node"]["variants"]}
        gate = asyncio.Semaphore(at_once)
        plans = [self._plan(number) for number in range(orders)]
        await asyncio.gather(*(self._one(gate, plan) for plan in plans))

    async def close(self) -> None:
        await self._http.aclose()

    def _plan(self, number: int) -> dict[str, Any]:
        chance, skus = self._random, sorted(self._variants)
        basket = chance.sample(skus, chance.choice((1, 1, 1, 2, 3)))
        after, left = "", chance.random()
        for name, share in AFTER.items():
            if left < share:
                after = name
                break
            left -= share
        return {
            "lines": [{"variantId": self._variants[sku], "quantity": chance.choice((1, 1, 1, 2, 3))} for sku in basket],
            "email": chance.choice(self.emails),
            "pay": PLANS[number % len(PLANS)],
            "after": after,
            "wait": 6 * chance.random() if after != "cancel" else 0.0,
        }

    async def _one(self, gate: asyncio.Semaphore, plan: dict[str, Any]) -> None:
        async with gate:
            order, paid = await self._place(plan)
            self.done[f"paid {plan['pay']}"] += 1
        if plan["after"]:
            await asyncio.sleep(plan["wait"])
            await self._happen(plan["after"], order, paid)

    async def _place(self, plan: dict[str, Any]) -> tuple[str, list[tuple[str, int]]]:
        """The order's id, and the transactions with the cents that each was for."""
        given = {"channel": "default-channel", "email": plan["email"], "billingAddress": ADDRESS, "lines": plan["lines"]}
        checkout = (await self._do(CREATE, input=given))["checkout"]
        cents = round(float(checkout["totalPrice"]["gross"]["amount"]) * 100)
        paid = await self._pay(checkout["id"], cents, plan["pay"])
        while True:
            answer = (await self._ask(COMPLETE, id=checkout["id"]))["checkoutComplete"]
            if answer["order"]:
                break
            # Pending: the payment app has not said yes yet.
            if [fault["code"] for fault in answer["errors"]] != ["CHECKOUT_NOT_FULLY_PAID"]:
                raise RuntimeError(f"{plan}: {answer['errors']}")
            await asyncio.sleep(0.3)
        if plan["pay"] in {"in parts", "failure first"}:
            await self._charge(paid[0][0], cents, plan["pay"])
        # A double click.
        await self._ask(COMPLETE, id=checkout["id"])
        return answer["order"]["id"], paid

    async def _pay(self, checkout: str, cents: int, plan: str) -> list[tuple[str, int]]:
        match plan:
            case "two cards":
                halves = (cents // 2, cents - cents // 2)
                return [(await self._begin(checkout, half, "CHARGE_SUCCESS"), half) for half in halves if half]
            case "action required":
                transaction = await self._begin(checkout, cents, "CHARGE_ACTION_REQUIRED")
                await self._do(PROCESS, id=transaction, data={"event": {"type": "CHARGE_SUCCESS"}})
                return [(transaction, cents)]
            case "failure, then another card":
                await self._begin(checkout, cents, "CHARGE_FAILURE")
            case "pending":
                transaction = await self._begin(checkout, cents, "CHARGE_REQUEST")
                await self._charge(transaction, cents, plan)
                return [(transaction, cents)]
            case "in parts" | "failure first":
                return [(await self._begin(checkout, cents, "AUTHORIZATION_SUCCESS"), cents)]
        return [(await self._begin(checkout, cents, "CHARGE_SUCCESS"), cents)]

    async def _begin(self, checkout: str, cents: int, kind: str) -> str:
        answer = await self._do(INITIALIZE, id=checkout, amount=f"{cents / 100:.2f}", data={"event": {"type": kind}})
        return str(answer["transaction"]["id"])

    async def _charge(self, transaction: str, cents: int, plan: str) -> None:
        (await self._http.post(f"{self.payments}/pay", json={"transaction": transaction, "amount": cents, "plan": plan})).raise_for_status()

    async def _happen(self, after: str, order: str, paid: list[tuple[str, int]]) -> None:
        if after == "cancel":
            refused = (await self._ask(CANCEL, id=order))["orderCancel"]["errors"]
            self.done["cancelled" if not refused else "cancelled too late, so refused by the shop"] += 1
            return
        if after == "charge back":
            await self._do(REPORT, id=paid[0][0], amount=f"{paid[0][1] / 100:.2f}", psp=f"back-{order}")
        elif after == "partly":
            await self._do(REQUEST, id=paid[0][0], type="REFUND", amount="1.00")
        else:
            for transaction, _ in paid:
                await self._do(REQUEST, id=transaction, type="REFUND")
        if after == "charge again":
            await asyncio.sleep(3 * self._random.random())
            money = {"amount": f"{sum(cents for _, cents in paid) / 100:.2f}", "currency": "USD"}
            await self._do(AGAIN, id=order, transaction={"name": "again", "pspReference": f"again-{order}", "amountCharged": money})
        self.done[after] += 1

    async def _do(self, query: str, **given: Any) -> dict[str, Any]:
        (answer,) = (await self._ask(query, **given)).values()
        if answer["errors"]:
            raise RuntimeError(f"{query[:60]} {given}: {answer['errors']}")
        return dict(answer)

    async def _ask(self, query: str, **given: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.shop['payments']}"}
        answer = (await self._http.post(self.shop["url"], json={"query": query, "variables": given}, headers=headers)).json()
        if answer.get("errors"):
            raise RuntimeError(f"{query[:60]} {given}: {answer['errors']}")
        return dict(answer["data"])
