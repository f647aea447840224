"""Starts the web process: a free port, a finished build, then uvicorn. The web package is named, never imported, from here."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys

import uvicorn

from backend.settings import Settings

APP = "cmp_web.cmp_web:app"
BUILD = "cmp_web.build"


class PortTaken(Exception):
    """Another program listens where we should."""


def free_port(host: str, port: int) -> None:
    """Raises PortTaken, saying what to do, when `port` cannot be bound."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            if fault.errno == errno.EADDRINUSE:
                words = f"Port {port} is taken by another program. Stop it, or choose another port: CMP_PORT={port + 1} make run"
            else:
                words = f"Port {port} on {host} cannot be used: {fault.strerror}. Choose another: CMP_PORT={max(port + 1, 3000)} make run"
            raise PortTaken(words) from None


def serve_web(settings: Settings) -> int:
    """Build the pages when their sources changed, then serve until Ctrl-C. Returns the exit code."""
    built = subprocess.run([sys.executable, "-m", BUILD], check=False)
    if built.returncode:
        return built.returncode
    os.environ.update(
        # Reflex reads these names at import; they are private to it, so this is the only place that knows them.
        REFLEX_ENV_MODE="prod",
        __REFLEX_SKIP_COMPILE="true",
        __REFLEX_MOUNT_FRONTEND_COMPILED_APP="true",
        REFLEX_TELEMETRY_ENABLED="false",
        REFLEX_CHECK_LATEST_VERSION="false",
    )
    config = uvicorn.Config(
        APP,
        factory=True,
        host=settings.host,
        port=settings.port,
        proxy_headers=True,
        log_level="warning",
        timeout_graceful_shutdown=5,
        ws_max_size=1024 * 1024,
    )
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 1
