"""kill -9 at every point on an order's way, each time followed by a fresh process: the outcome is that of a quiet day."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import func, select

from backend.db.engine import Database
from backend.durable import Durable
from backend.kernel.clock import FrozenClock
from backend.provisioner.models import GrantRow
from backend.settings import Settings
from tests.service.provisioner import saleor as fake
from tests.service.provisioner.house import build, installed
from tests.service.provisioner.saleor import FakeSaleor

LIVES = [
    ("begin", True),
    ("look", True),
    ("grant", True),
    ("apply", False),
    ("fulfil", False),
    ("annotate", False),
    ("finish", False),
    ("mail", False),
    ("alert", False),
    ("", True),
]
"""Where each process dies, and whether Saleor delivers to it: it had no answer before the third, and repeats itself at the end."""


@pytest.fixture
async def served(saleor: FakeSaleor, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Saleor on a port of its own, outliving every process of ours. Its GraphQL URL."""
    server = uvicorn.Server(uvicorn.Config(saleor, host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql/"
    monkeypatch.setattr(fake, "API_URL", url)
    yield url
    server.should_exit = True
    await serving


Live = Callable[[dict[str, Any]], Awaitable[tuple[int, str]]]


@pytest.fixture
async def live() -> AsyncIterator[Live]:
    """One life in a process of its own: its exit code, and what it said."""
    command = (sys.executable, "-m", "tests.service.provisioner.mortal")
    pipe = asyncio.subprocess.PIPE
    root = Path(__file__).resolve().parents[3]
    mother = await asyncio.create_subprocess_exec(*command, cwd=root, stdin=pipe, stdout=pipe, limit=2**20)
    assert mother.stdin
    assert mother.stdout
    read, write = mother.stdout, mother.stdin

    async def live(given: dict[str, Any]) -> tuple[int, str]:
        write.write(json.dumps(given).encode() + b"\n")
        code, said = json.loads(await read.readline())
        return code, said

    yield live
    write.close()
    assert await mother.wait() == 0


async def test_kill_9_at_any_point_changes_nothing_in_the_outcome(
    database: Database,
    database_url: str,
    settings: Settings,
    clock: FrozenClock,
    saleor: FakeSaleor,
    served: str,
    live: Live,
    tmp_path: Path,
) -> None:
    given = settings.model_copy(update={"saleor_api_url": served})
    durable = f"sqlite:///{tmp_path / 'durable.db'}" if database.is_sqlite else database_url
    house = await installed(build(given, clock, database, Durable(durable), None, mail=tmp_path / "mail"))
    _, buyer = await house.member()
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    raw, headers = saleor.delivery(order_id)
    plan = {"data": str(settings.data_dir), "secret": settings.secret(), "saleor": served, "database": database_url, "durable": durable}
    plan |= {"mail": str(house.mail), "raw": raw.decode(), "order": order_id}
    for kill, deliver in LIVES:
        code, said = await live(plan | {"headers": headers, "kill": kill, "deliver": deliver})
        assert code == (-signal.SIGKILL if kill else 0), f"{kill or 'the last'}: {said}"

    (view,) = await house.orders.list(buyer)
    assert (view.status, [stage.status for stage in view.stages]) == ("ready", ["done"] * 4)
    assert [agent.sku for agent in await house.instances.list(buyer)] == ["CSA-BASIC"]
    assert (await house.available(buyer), await house.ledger.prove()) == ("150", [])
    async with database.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(GrantRow))).scalar_one() == 2
    assert (saleor.fulfilments, saleor.orders[order_id]["status"]) == (2, "FULFILLED")
    assert saleor.written == ["fulfil", "fulfil", "note", "metadata"]
    assert len(list(house.mail.glob("*.eml"))) == 1
    await house.commerce.close()
    await house.http.aclose()
