"""Alive, ready, measured: what a load balancer, an operator and a scraper ask."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from backend.container import Services
from backend.doors import Who
from backend.kernel.errors import DomainError
from backend.operator.metrics import measure

PATIENCE = 5.0
"""Seconds a part may take to say that it is well."""


async def parts(services: Services) -> dict[str, str]:
    """Part → what is wrong with it, in one line; empty when nothing is."""
    checks: dict[str, Callable[[], Awaitable[str]]] = {
        "database": lambda: _database(services),
        "commerce": lambda: _commerce(services),
        "runner": lambda: _runner(services),
        "identity": lambda: _identity(services),
        "durable work": lambda: _durable(services),
    }
    found = await asyncio.gather(*(_ask(check) for check in checks.values()))
    return dict(zip(checks, found, strict=True))


async def _ask(check: Callable[[], Awaitable[str]]) -> str:
    try:
        return await asyncio.wait_for(check(), PATIENCE)
    except TimeoutError:
        return f"no answer within {PATIENCE:.0f} s"
    except DomainError as fault:
        return fault.detail
    except OSError as fault:
        return str(fault)


async def _database(services: Services) -> str:
    async with services.database.read() as tx:
        await tx.execute(text("SELECT 1"))
    services.database.check()
    return ""


async def _commerce(services: Services) -> str:
    await services.commerce.categories()
    await services.connection.token()
    return ""


async def _runner(services: Services) -> str:
    return services.runner.health()


async def _identity(services: Services) -> str:
    return "" if services.settings.secret() else "no secret key"


async def _durable(services: Services) -> str:
    return "" if services.durable.running else "not started"


def routes(services: Services, who: Who) -> APIRouter:
    router = APIRouter(tags=["health"], dependencies=[Depends(who.public)])

    @router.get("/health", summary="Alive")
    @router.get("/health/", include_in_schema=False)
    async def alive() -> dict[str, str]:
        """Answers as long as the process does; touches nothing."""
        return {"status": "ok"}

    @router.get("/ready", summary="Ready to serve", responses={503: {"description": "Some part is not ready."}})
    async def ready() -> JSONResponse:
        """Each part in one line: "ok", or what is wrong with it."""
        faults = await parts(services)
        return JSONResponse({part: fault or "ok" for part, fault in faults.items()}, 503 if any(faults.values()) else 200)

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        await measure(services.proofs.proving)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
