"""A webhook sender that misbehaves on purpose: `python -m benchmarks._webhook_sender FOLDER TARGET SEED`, a process of its own.

Of the shop's events some are lost for good, some sent two or three times, some late and so in the wrong order, some so slowly that it gives
up before it has an answer. It tries again as Saleor does, after 10, 20, 40, 80 and 160 s, and never after a 4xx; only its clock runs
`SCALE` times faster. In between it sends forgeries: signed by a stranger, by the key before the rotation, tampered with after signing, for
another app, to the URL of another event, from another Saleor. What it did is in FOLDER/sent.json when FOLDER/stop appears and all is done.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from joserfc.jwk import RSAKey

from backend.provisioner import manifest
from benchmarks._paid_orders import sign

SCALE = 4.0
PATIENCE = 18.0 / SCALE
DELAYS = tuple(pause / SCALE for pause in (10, 20, 40, 80, 160))
LOST, TWICE, LATE, SLOW, FORGED = 0.05, 0.15, 0.3, 0.02, 0.06
FORGERIES = ("stranger's key", "old key", "tampered", "another app", "another event", "another Saleor")


class Sender:
    def __init__(self, folder: Path, target: str, seed: int) -> None:
        about = json.loads((folder / "shop.json").read_text())
        self._folder, self._target, self._shop = folder, target, about["url"]
        self._random, self.done, self._tasks = random.Random(f"sender-{seed}"), Counter[str](), set[asyncio.Task[None]]()
        self._keys = [RSAKey.generate_key(2048, {"kid": kid}) for kid in ("first", "second", "strange")]
        self._current = 0
        self.taken: set[tuple[str, str, str]] = set()
        self._publish()

    def _publish(self) -> None:
        key = self._keys[self._current]
        part = self._folder / "jwks.part"
        part.write_text(json.dumps({"keys": [key.as_dict(private=False) | {"alg": "RS256", "use": "sig"}]}))
        part.rename(self._folder / "jwks.json")

    async def run(self) -> None:
        after = 0
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as self._http:
            while True:
                stop = (self._folder / "stop").exists()
                async with self._http.get(self._shop.replace("/graphql/", f"/fire/events?after={after}")) as answer:
                    fresh = await answer.json()
                after += len(fresh)
                for one in fresh:
                    self._spread(one)
                if self._current == 0 and (self._folder / "rotate").exists():
                    self._current = 1
                    self._publish()
                if stop and not fresh and not self._tasks:
                    break
                await asyncio.sleep(0.2)
        (self._folder / "taken.json").write_text(json.dumps(sorted(self.taken)))
        (self._folder / "sent.part").write_text(json.dumps(self.done))
        (self._folder / "sent.part").rename(self._folder / "sent.json")

    def _spread(self, one: dict[str, Any]) -> None:
        chance = self._random
        self.done["events"] += 1
        if chance.random() < FORGED:
            self._start(self._forge(one, chance.choice(FORGERIES)))
        if chance.random() < LOST:
            self.done["lost for good"] += 1
            return
        times = chance.choice((2, 3)) if chance.random() < TWICE else 1
        for number in range(times):
            self.done["duplicates"] += number > 0
            late = 5 * chance.random() if chance.random() < LATE else 0.0
            self.done["late, so out of order"] += late > 0
            self._start(self._deliver(one, late, chance.random() < SLOW))

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, one: dict[str, Any], late: float, slow: bool) -> None:
        await asyncio.sleep(late)
        raw = one["raw"].encode()
        for number, pause in enumerate((0.0, *DELAYS)):
            await asyncio.sleep(pause)
            # Signed anew for each try, since the key may have been rotated meanwhile.
            headers = self._headers(one["event"], raw, self._keys[self._current])
            status = await self._post(one["cause"], raw, headers, slow=slow and number == 0)
            self.done["tries"] += 1
            self.done[f"answered {status}" if status else "not answered"] += 1
            if status and status < 500:
                if status >= 400:
                    self.done["refused though true"] += 1
                elif one["cause"] != "updated":
                    self.taken.add((one["order"], one["cause"], hashlib.sha256(raw).hexdigest()[:32]))
                return
        self.done["given up"] += 1

    async def _forge(self, one: dict[str, Any], kind: str) -> None:
        """About an order that is nowhere, so that anything kept of it can be found."""
        if kind == "old key" and self._current == 0:
            return
        body = json.loads(one["raw"])
        body["order"]["id"] = base64.b64encode(f"Order:forged-{self.done['forged']}".encode()).decode()
        self.done["forged"] += 1
        if kind == "another app":
            body["recipient"]["id"] = "QXBwOjk5OQ=="
        raw = json.dumps(body).encode()
        key = self._keys[{"stranger's key": 2, "old key": 0}.get(kind, self._current)]
        headers = self._headers(one["event"], raw, key)
        if kind == "tampered":
            raw += b" "
        if kind == "another Saleor":
            headers["Saleor-Api-Url"] = "https://elsewhere.example/graphql/"
        cause = {"paid": "refunded"}.get(one["cause"], "paid") if kind == "another event" else one["cause"]
        for pause in (0.0, *DELAYS):
            await asyncio.sleep(pause)
            status = await self._post(cause, raw, headers)
            if status and status < 500:
                self.done["forged, refused" if status >= 400 else "forged, TAKEN"] += 1
                return
        self.done["forged, not answered"] += 1

    def _headers(self, event: str, raw: bytes, key: RSAKey) -> dict[str, str]:
        return {"Saleor-Event": event.lower(), "Saleor-Api-Url": self._shop, "Saleor-Signature": sign(key, raw)}

    async def _post(self, cause: str, raw: bytes, headers: dict[str, str], slow: bool = False) -> int:
        """The status, or 0 without an answer in time."""

        async def dribble() -> AsyncIterator[bytes]:
            for byte in raw:
                yield bytes((byte,))
                await asyncio.sleep(25 / SCALE / len(raw))

        self.done["slower than its own patience"] += slow
        data: Any = dribble() if slow else raw
        try:
            patience = aiohttp.ClientTimeout(total=PATIENCE)
            async with self._http.post(self._target + manifest.PATHS[cause], data=data, headers=headers, timeout=patience) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0


if __name__ == "__main__":
    asyncio.run(Sender(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])).run())
