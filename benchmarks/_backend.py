"""The real backend without pages and without agents, on a port: `python -m benchmarks._backend`, told what to do by CMP_* settings.

What a webhook meets is all there: the HTTP doors, the services, both databases, durable work. The runner alone is left out.
"""

from __future__ import annotations

import asyncio

import uvicorn

from backend.db.migrate import upgrade
from backend.kernel.garbage import keep_what_is_loaded
from backend.main import System, assemble
from backend.settings import Settings


async def serve(system: System) -> None:
    services, settings = system.services, system.services.settings
    # CMP_* alone counts here, as it does for `cmpctl serve`; the schema comes first, then the offerings, then the work of earlier lives.
    await asyncio.to_thread(upgrade, settings.database)
    await services.offerings.sync(services.products)
    await services.durable.start()
    keep_what_is_loaded()
    config = uvicorn.Config(
        system.app, host="127.0.0.1", port=settings.port, log_level="warning", lifespan="off", ws="none", access_log=False, backlog=4096
    )
    try:
        await uvicorn.Server(config).serve()
    finally:
        await services.durable.stop()
        await services.http.aclose()
        await services.database.dispose()


if __name__ == "__main__":
    asyncio.run(serve(assemble(Settings(_env_file=None))))  # type: ignore[call-arg]
