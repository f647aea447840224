"""A runner behind a real server on a port of this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from backend.kernel.secrets import token_for
from backend.runner import server, wire
from backend.runner.flows import FlowFiles
from backend.runner.ports import Runner


@asynccontextmanager
async def served(runner: Runner, flows: FlowFiles, secret: str) -> AsyncIterator[str]:
    """Its URL. The runner starts and stops with the server."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        app = server.application(runner, flows, token_for(secret, wire.PURPOSE))
        config = uvicorn.Config(
            app, http="httptools", ws="none", lifespan="on", log_level="warning", timeout_graceful_shutdown=1, timeout_keep_alive=75
        )
        serving = uvicorn.Server(config)
        task = asyncio.create_task(serving.serve([listening]))
        while not serving.started:
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            serving.should_exit = True
            await task
