"""The whole application behind a real server, with a workspace that has something of everything."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
import uvicorn

from backend import container
from backend.container import Services
from backend.identity.keys import KeyLimits
from backend.kernel.caller import ALL_SCOPES, Scope
from backend.kernel.money import Credits
from backend.ledger.views import LotSource
from backend.main import System
from tests.service.gateway.house import ScriptedRunner
from tests.wired import system as system


@dataclass
class Site:
    """keys: by what they may. ids: of what is there, by the name of the parameter."""

    url: str
    schema: dict[str, object]
    keys: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that answers at once."""
    monkeypatch.setattr(container, "local_runner", lambda *_: ScriptedRunner())


@pytest.fixture
def site(quick: None, system: System) -> Iterator[Site]:
    config = uvicorn.Config(system.visited(system.app), port=0, log_level="critical", ws="none", lifespan="on")
    server, failed = uvicorn.Server(config), []
    ready = threading.Event()
    made = Site("", system.app.openapi())

    async def serve() -> None:
        task = asyncio.create_task(server.serve())
        while not server.started and not task.done():
            await asyncio.sleep(0.01)
        made.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        try:
            await furnish(system.services, made)
            ready.set()
        except BaseException:
            server.should_exit = True
            raise
        finally:
            await task

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as fault:  # noqa: BLE001
            failed.append(fault)
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        assert not failed, failed
        yield made
    finally:
        server.should_exit = True
        thread.join()


async def furnish(services: Services, site: Site) -> None:
    account = await services.sign_up.register("ann@example.com", "a few unrelated words")
    [membership] = await services.workspaces.of(account.id)
    workspace = membership.workspace.id
    for name, scopes in (("all", ALL_SCOPES), ("runs", frozenset({Scope.RUNS})), ("spare", ALL_SCOPES)):
        key = await services.keys.create(workspace, account.id, name, KeyLimits(scopes))
        site.keys[name], site.ids["key_id"] = key.secret, key.view.id
    offering = await services.offerings.by_sku("CSA-PRO")
    assert offering is not None
    async with services.database.write() as tx:
        agent = await services.instances.create(tx, workspace_id=workspace, offering=offering, source_key="a:b:1")
        await services.ledger.grant(tx, workspace_id=workspace, amount=Credits.of("5000"), source=LotSource.GIFT, ref="g", key="g")
    site.ids |= {"instance_id": agent.id, "model": agent.id, "account_id": account.id}
    headers = {"Authorization": f"Bearer {site.keys['all']}"}
    async with httpx.AsyncClient(base_url=site.url, headers=headers) as http:
        run = (await http.post("/v1/runs", json={"instance_id": agent.id, "input": {"query": "Can I return a lamp?"}})).json()
        document = await http.post(f"/v1/instances/{agent.id}/knowledge", files={"file": ("a.md", b"# Returns\n\nWithin 30 days.")})
        hook = (await http.post("/v1/webhooks", json={"url": "https://example.com/hook", "events": ["credits.low"]})).json()
    site.ids |= {"run_id": run["id"], "response_id": run["id"].replace("run_", "resp_"), "document_id": document.json()["id"]}
    site.ids["webhook_id"] = hook["id"]
