"""Serves the whole marketplace: a free port, a finished build, then uvicorn. The web package is named, never imported, from here."""

from __future__ import annotations

import errno
import importlib
import os
import socket
import time
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from backend import catalogue
from backend.kernel.garbage import keep_what_is_loaded
from backend.kernel.secrets import token_for
from backend.main import assemble
from backend.runner import server, wire
from backend.runner.flows import FlowFiles
from backend.runner.local import local_runner
from backend.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
KEEP_ALIVE = 75
"""Seconds an idle connection is kept; longer than our own gateway keeps its side of one."""


class CannotServe(Exception):
    """Why, and what to do about it, in words for whoever started us."""


def check_port(host: str, port: int) -> None:
    """Raises CannotServe when nothing can listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            other = f"CMP_PORT={port + 1 if port >= 1024 else 3000} make run"
            if fault.errno == errno.EADDRINUSE:
                raise CannotServe(f"Port {port} is taken by another program. Stop it, or choose another port: {other}") from None
            raise CannotServe(f"Port {port} on {host} cannot be used: {fault.strerror}. Choose another: {other}") from None


def check_data(folder: Path) -> None:
    """Raises CannotServe when nothing can be kept in the data folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".write-test"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as fault:
        why = f"The data folder {folder} cannot be written to: {fault.strerror}."
        raise CannotServe(f"{why} Make room or mend its owner, or set CMP_DATA_DIR to another folder.") from None


def serve_web(settings: Settings) -> None:
    """Build the pages when their sources changed, then serve until Ctrl-C. Raises CannotServe."""
    started = time.monotonic()
    check_port(settings.host, settings.port)
    check_data(settings.data_dir)
    os.chdir(ROOT)
    building: Any = importlib.import_module("cmp_web.build")
    try:
        building.build(say)
    except building.BuildFailed as fault:
        raise CannotServe(str(fault)) from None
    os.environ.update(building.serving(settings.redis_url))
    system = assemble(settings, say)
    web: Any = importlib.import_module("cmp_web.cmp_web")
    config = uvicorn.Config(
        web.serve(system),
        host=settings.host,
        port=settings.port,
        proxy_headers=True,
        log_level="warning",
        timeout_graceful_shutdown=5,
        ws_max_size=1024 * 1024,
    )
    server = Announcing(config, f"ready in {{:.1f}} s: {settings.base_url}  (Ctrl-C stops it)", started)
    server.run()
    if not server.started:
        raise CannotServe("The start failed; the reason stands above.")
    say("stopped")


def serve_gateway(settings: Settings) -> None:
    """The backend without the pages, until Ctrl-C. Raises CannotServe."""
    started = time.monotonic()
    check_port(settings.host, settings.port)
    check_data(settings.data_dir)
    os.chdir(ROOT)
    system = assemble(settings, say)
    _serve(
        system.visited(system.app),
        settings.host,
        settings.port,
        f"gateway ready in {{:.1f}} s: {settings.base_url}  (Ctrl-C stops it)",
        started,
    )


def serve_runner(settings: Settings) -> None:
    """Agents for a gateway elsewhere, until Ctrl-C. Raises CannotServe."""
    started, host, port = time.monotonic(), settings.runner_host, settings.runner_port
    check_port(host, port)
    check_data(settings.data_dir)
    os.chdir(ROOT)
    products = catalogue.load()
    token = token_for(settings.secret(), wire.PURPOSE)
    app = server.application(local_runner(settings, products), FlowFiles.of(products), token)
    _serve(app, host, port, f"runner ready in {{:.1f}} s: http://{host}:{port}  (Ctrl-C stops it)", started)


def _serve(app: ASGIApp, host: str, port: int, words: str, started: float) -> None:
    """Quick and quiet: no line in a log for each request."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        backlog=4096,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=5,
    )
    announcing = Announcing(config, words, started)
    announcing.run()
    if not announcing.started:
        raise CannotServe("The start failed; the reason stands above.")
    say("stopped")


class Announcing(uvicorn.Server):
    """Says so when it listens, and not before."""

    def __init__(self, config: uvicorn.Config, words: str, started: float) -> None:
        super().__init__(config)
        self._words, self._began = words, started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            keep_what_is_loaded()
            say(self._words.format(time.monotonic() - self._began))


def say(words: str) -> None:
    print(f"[cmp] {words}", flush=True)
