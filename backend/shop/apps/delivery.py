"""Delivering: one durable workflow a delivery, one step a try. The same try may be made twice after a crash; apps must bear repeats."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from backend.db.engine import Database
from backend.durable import Durable, Retry
from backend.kernel.clock import Clock
from backend.shop.apps import policy
from backend.shop.apps.events import WORKFLOW, Events
from backend.shop.apps.models import FAILED, PENDING, SUCCESS, AppRow, AttemptRow, DeliveryRow, WebhookRow
from backend.shop.apps.payload import NothingToSay, Payloads
from backend.shop.apps.signing import SigningKey, hmac_signature


@dataclass(frozen=True, slots=True)
class Answer:
    """status: None when nobody answered. seconds: how long it took."""

    status: int | None
    text: str
    headers: str
    seconds: float


class Deliveries:
    """http: the client that reaches the apps. delays: seconds before each further try. public_url: the shop's own, without a slash."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        durable: Durable,
        events: Events,
        payloads: Payloads,
        key: SigningKey,
        http: httpx.AsyncClient,
        public_url: str,
        *,
        delays: tuple[float, ...] = policy.DELAYS,
        seconds: float = policy.ANSWER_SECONDS,
    ) -> None:
        self._database, self._clock, self._durable = database, clock, durable
        self._payloads, self._key, self._http, self._public_url = payloads, key, http, public_url
        self._delays, self._seconds = delays, seconds

        async def deliver(delivery_id: int, work_id: str) -> str:
            return await self._deliver(delivery_id, work_id)

        durable.workflow(WORKFLOW, deliver)
        durable.schedule("shop.sweep", "* * * * *", events.sweep)

    async def _deliver(self, delivery_id: int, work_id: str) -> str:
        for number, pause in enumerate((0.0, *self._delays)):
            if pause:
                await self._durable.sleep(pause)
            last = number == len(self._delays)
            said = await self._durable.step(f"try {number}", self._try, delivery_id, work_id, last, retry=Retry())
            if said != "again":
                return said
        return "never"

    async def _try(self, delivery_id: int, work_id: str, last: bool) -> str:
        """One try, written down. Also ends the delivery when its webhook is gone, its app is off or a newer retry took over."""
        async with self._database.read() as tx:
            delivery = await tx.get(DeliveryRow, delivery_id)
            if delivery is None or delivery.work_id != work_id or delivery.status != PENDING:
                return "gone"
            webhook = await tx.get_one(WebhookRow, delivery.webhook_id)
            app = await tx.get_one(AppRow, webhook.app_id)
        if not (webhook.is_active and app.is_active):
            return await self._end(delivery_id, FAILED)
        try:
            body = delivery.payload or await self._payloads.build(delivery, webhook, app)
        except NothingToSay:
            return await self._end(delivery_id, SUCCESS)
        except (RuntimeError, LookupError) as fault:
            return await self._write_down(delivery_id, None, {}, Answer(None, f"not sent: {fault}", "{}", 0.0), last)
        headers = self._headers(delivery.event, webhook, body.encode())
        answer = await self._post(webhook.target_url, body.encode(), headers)
        return await self._write_down(delivery_id, body, headers, answer, last)

    def _headers(self, event: str, webhook: WebhookRow, body: bytes) -> dict[str, str]:
        signature = hmac_signature(webhook.secret_key, body) if webhook.secret_key else self._key.sign(body)
        own = {"Event": policy.event_header(event), "Domain": urlsplit(self._public_url).netloc, "Signature": signature}
        headers = {"Content-Type": "application/json"}
        headers |= {f"X-Saleor-{name}": value for name, value in own.items()}
        headers |= {f"Saleor-{name}": value for name, value in own.items()}
        return headers | {"Saleor-Api-Url": f"{self._public_url}/graphql/"} | webhook.custom_headers

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                said = await self._http.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as fault:
            return Answer(None, f"{type(fault).__name__} {fault}".strip(), "{}", time.monotonic() - begun)
        return Answer(said.status_code, said.text[: policy.RESPONSE_KEPT], json.dumps(dict(said.headers)), time.monotonic() - begun)

    async def _write_down(self, delivery_id: int, body: str | None, headers: dict[str, str], answer: Answer, last: bool) -> str:
        verdict = policy.verdict(answer.status)
        if verdict == "arrived":
            return await self._end(delivery_id, SUCCESS)
        async with self._database.write() as tx:
            delivery = await tx.get(DeliveryRow, delivery_id)
            if delivery is None:
                return "gone"
            delivery.payload = body
            if verdict == "never" or last:
                delivery.status = FAILED
            tx.add(_attempt(delivery_id, headers, answer, self._clock))
        return verdict

    async def _end(self, delivery_id: int, status: str) -> str:
        """What arrived is deleted with its tries, as Saleor does: payloads hold personal data."""
        async with self._database.write() as tx:
            delivery = await tx.get(DeliveryRow, delivery_id)
            if delivery is not None and status == SUCCESS:
                await tx.delete(delivery)
            elif delivery is not None:
                delivery.status = status
        return "arrived" if status == SUCCESS else "never"


def _attempt(delivery_id: int, headers: dict[str, str], answer: Answer, clock: Clock) -> AttemptRow:
    return AttemptRow(
        delivery_id=delivery_id,
        status=FAILED,
        duration=answer.seconds,
        response_status=answer.status,
        response=answer.text,
        response_headers=answer.headers,
        request_headers=json.dumps(headers),
        created=clock.now(),
    )
