"""A payment app that misbehaves on purpose: `python -m benchmarks._payment_app FOLDER PORT SEED`, a process of its own.

`POST /pay` with a transaction, its amount and a plan. It reports to the shop by `transactionEventReport`, as an app does:
late, in two parts, a failure before the success, and everything once more.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

REPORT = """mutation Report($id: ID!, $type: TransactionEventTypeEnum!, $amount: PositiveDecimal!, $psp: String!) {
  transactionEventReport(id: $id, type: $type, amount: $amount, pspReference: $psp) { alreadyProcessed errors { code message } }
}"""


class PaymentApp:
    def __init__(self, shop: dict[str, str], seed: int) -> None:
        self._url, self._random = shop["url"], random.Random(f"payments-{seed}")
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {shop['payments']}"}, timeout=60, limits=httpx.Limits(max_keepalive_connections=0)
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self.server = Starlette(routes=[Route("/pay", self.pay, methods=["POST"]), Route("/busy", self.busy)])

    async def pay(self, request: Request) -> Response:
        asked = await request.json()
        task = asyncio.create_task(self._carry_out(asked["transaction"], asked["amount"], asked["plan"], self._random.random()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return JSONResponse({}, status_code=202)

    async def busy(self, _: Request) -> Response:
        return JSONResponse(len(self._tasks))

    async def _carry_out(self, transaction: str, cents: int, plan: str, late: float) -> None:
        await asyncio.sleep(0.2 + 2 * late)
        parts = [cents // 3, cents - cents // 3] if plan == "in parts" else [cents]
        for number, part in enumerate(parts):
            if plan == "failure first":
                await self._report(transaction, "CHARGE_FAILURE", part, f"{transaction}-no")
            # Reported twice, as gateways do; the second time changes nothing.
            for _ in range(2):
                await self._report(transaction, "CHARGE_SUCCESS", part, f"{transaction}-{number}")
            await asyncio.sleep(1.5 * late)

    async def _report(self, transaction: str, kind: str, cents: int, psp: str) -> None:
        given = {"id": transaction, "type": kind, "amount": f"{cents / 100:.2f}", "psp": psp}
        answer: Any = (await self._http.post(self._url, json={"query": REPORT, "variables": given})).json()
        if answer.get("errors") or answer["data"]["transactionEventReport"]["errors"]:
            print(f"not reported: {given} {answer}", flush=True)


if __name__ == "__main__":
    about = json.loads((Path(sys.argv[1]) / "shop.json").read_text())
    uvicorn.run(PaymentApp(about, int(sys.argv[3])).server, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
