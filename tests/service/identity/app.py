"""A small application of these rooms' routes, for tests over HTTP."""

from __future__ import annotations

import httpx
from fastapi import FastAPI

from backend import problem
from backend.control_plane import api as control_plane
from backend.control_plane import key_api as keys
from backend.doors import Who
from backend.gateway.spending import Spending
from backend.identity import api as identity
from backend.widget import api as widget
from backend.widget.cors import VisitorCors
from tests.service.identity.people import Town

BASE = "http://localhost:3000"


def client(town: Town, **headers: str) -> httpx.AsyncClient:
    app = FastAPI()
    who = Who(town.access.resolve)
    auth = identity.Auth(town.sign_up, town.sign_in, town.sessions, town.verification, town.settings)
    app.include_router(identity.routes(auth, who))
    app.include_router(control_plane.routes(town.instances, town.offerings, who))
    app.include_router(keys.routes(town.keyring, town.budgets, Spending(town.database, town.clock), who))
    app.include_router(widget.routes(town.widgets, who))
    problem.install(app)
    app.add_middleware(VisitorCors)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE, headers=headers)
