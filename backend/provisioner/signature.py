"""Whether a delivery is Saleor's own: its signature over the raw bytes, then whether it was meant for us.

The signature covers the body alone, so the headers are compared with what the signed body says and with what is configured.
Saleor repeats a delivery only after a 5xx, and never after a 4xx: what can never become right is refused with Unauthenticated (401), and
what we cannot judge just now with Unavailable (503).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import Mapping
from contextvars import Context
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from backend.kernel.clock import Clock
from backend.kernel.errors import Unauthenticated, Unavailable

REFETCHES, REFETCH_WINDOW = 6, timedelta(minutes=1)
"""Forged deliveries must not make us ask Saleor for its keys more often than this."""
MAX_JWKS = 64 * 1024
"""Bytes."""
FETCH_TIMEOUT = 15.0
"""Seconds. A delivery waits for less; the keys that come after it has gone are there for its next try."""


class Verifier(Protocol):
    async def verify(self, raw: bytes, signature: str) -> None:
        """Raises Unauthenticated (code bad_signature) when Saleor did not sign `raw` so, Unavailable when that cannot be told."""
        ...


def bad_signature(detail: str = "The signature does not belong to this body.") -> Unauthenticated:
    return Unauthenticated(detail, code="bad_signature")


class HmacVerifier:
    """For webhooks made with a secret: hex HMAC-SHA256 of the body.

    secrets: separated by commas, so that a new one can be given to Saleor while deliveries signed by the old one are still on their way.
    """

    def __init__(self, secrets: str) -> None:
        self._secrets = [secret.strip().encode() for secret in secrets.split(",") if secret.strip()]

    async def verify(self, raw: bytes, signature: str) -> None:
        given = signature.encode()
        # Every secret is tried, so that the time it takes tells nothing.
        matches = [hmac.compare_digest(hmac.new(secret, raw, hashlib.sha256).hexdigest().encode(), given) for secret in self._secrets]
        if not any(matches):
            raise bad_signature()


class JwksVerifier:
    """Detached RS256 signatures (RFC 7797), checked by the keys Saleor publishes.

    url: `<origin of Saleor>/.well-known/jwks.json`. The keys are kept, and fetched once more when a delivery does not verify by them.
    """

    def __init__(self, url: str, http: httpx.AsyncClient, clock: Clock) -> None:
        self._url, self._http, self._clock = url, http, clock
        self._keys: KeySet | None = None
        self._fetches: deque[datetime] = deque(maxlen=REFETCHES)
        self._fetching: asyncio.Task[KeySet] | None = None

    async def verify(self, raw: bytes, signature: str) -> None:
        kid = _kid(signature)
        kept = self._keys
        keys = kept or await self._fetch(None)
        if _valid(raw, signature, keys):
            return
        if kept is None:
            raise bad_signature()
        if not self._may_fetch():
            # A key we have not seen may be a new one: refusing its delivery for good would lose it.
            raise bad_signature() if kid in {key.kid for key in keys.keys} else Unavailable("This key is not known yet; try again shortly.")
        if not _valid(raw, signature, await self._fetch(kept)):
            raise bad_signature()

    def _may_fetch(self) -> bool:
        return len(self._fetches) < REFETCHES or self._clock.now() - self._fetches[0] >= REFETCH_WINDOW

    async def _fetch(self, seen: KeySet | None) -> KeySet:
        """Keys newer than `seen`. Deliveries that wait for them share one request, which goes on when they can wait no longer."""
        if self._keys is not None and self._keys is not seen:
            return self._keys
        if self._fetching is None or self._fetching.done():
            self._fetches.append(self._clock.now())
            self._fetching = asyncio.get_running_loop().create_task(self._ask(), context=Context())
            self._fetching.add_done_callback(_seen)
        return await asyncio.shield(self._fetching)

    async def _ask(self) -> KeySet:
        try:
            answer = await self._http.get(self._url, timeout=FETCH_TIMEOUT, follow_redirects=False)
            answer.raise_for_status()
            if len(answer.content) > MAX_JWKS:
                raise ValueError("too large")
            self._keys = keys = KeySet.import_key_set(answer.json())
        except (httpx.HTTPError, ValueError, KeyError, TypeError, JoseError) as fault:
            raise Unavailable("Saleor's public keys cannot be read just now.") from fault
        return keys


def _seen(task: asyncio.Task[KeySet]) -> None:
    """Nobody may be left to hear of a failure."""
    if not task.cancelled():
        task.exception()


def verifier(saleor_api_url: str, secret: str, http: httpx.AsyncClient, clock: Clock) -> Verifier:
    """secret: of webhooks that were made with one. Without it their signatures are checked by Saleor's public keys."""
    return HmacVerifier(secret) if secret else JwksVerifier(jwks_url(saleor_api_url), http, clock)


def jwks_url(saleor_api_url: str) -> str:
    parts = urlsplit(saleor_api_url)
    return f"{parts.scheme}://{parts.netloc}/.well-known/jwks.json"


def _kid(signature: str) -> str | None:
    """The id of the key a detached signature names. Raises Unauthenticated when it is not a detached RS256 signature at all."""
    head, _, rest = signature.partition(".")
    try:
        header = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, RecursionError):
        raise bad_signature("The signature is not well formed.") from None
    if not isinstance(header, dict) or header.get("alg") != "RS256" or header.get("b64") is not False or not rest.startswith("."):
        raise bad_signature("The signature is not a detached RS256 signature.")
    if not (_canonical(head) and _canonical(rest[1:])):
        raise bad_signature("The signature is not well formed.")
    kid = header.get("kid")
    return kid if isinstance(kid, str) else None


def _canonical(part: str) -> bool:
    """Whether it is written in the one way base64url has for its bytes: stray characters and unused bits would decode to the same."""
    try:
        return urlsafe_b64encode(urlsafe_b64decode(part + "=" * (-len(part) % 4))).rstrip(b"=").decode() == part
    except ValueError:
        return False


def _valid(raw: bytes, signature: str, keys: KeySet) -> bool:
    try:
        jws.deserialize_compact(signature, keys, algorithms=["RS256"], payload=raw)
    except (JoseError, ValueError):
        return False
    return True


def addressed(raw: bytes, headers: Mapping[str, str], *, events: Mapping[str, str], api_url: str, app_id: str) -> dict[str, Any]:
    """The body of a verified delivery, when it was meant for us.

    events: what this URL takes, as `Saleor-Event` header → `__typename`. Raises Unauthenticated (code not_for_us) when the delivery is of
    another Saleor, of another app, or of another event than its URL.
    """
    try:
        body = json.loads(raw)
    except ValueError:
        raise _not_for_us("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise _not_for_us("The webhook has no subscription query; install the app anew.")
    if headers.get("saleor-api-url", "") != api_url:
        raise _not_for_us("The delivery comes from another Saleor than the configured one.")
    event = events.get(headers.get("saleor-event", "").lower())
    if event is None or body.get("__typename") != event:
        raise _not_for_us("The event does not belong to this URL.")
    recipient = body.get("recipient")
    if not isinstance(recipient, dict) or recipient.get("id") != app_id:
        raise _not_for_us("The delivery was made for another app.")
    return body


def _not_for_us(detail: str) -> Unauthenticated:
    return Unauthenticated(detail, code="not_for_us")
