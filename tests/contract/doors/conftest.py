"""The OpenAI door and the MCP door, reached with the official clients over real HTTP."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from openai import AsyncOpenAI

from backend import problem
from backend.bounds import BodyLimit
from backend.doors import Who
from backend.gateway import api as gateway
from backend.gateway.cors import WidgetCors
from backend.gateway.mcp import api as mcp
from backend.gateway.openai import api as openai
from backend.ledger import api as credits_
from tests.api.gateway.conftest import Door
from tests.api.gateway.conftest import database_url as database_url
from tests.api.gateway.conftest import door as door
from tests.api.gateway.conftest import server as server
from tests.service.gateway.conftest import house as house
from tests.service.gateway.house import House

HOME = "http://localhost:3000"


@pytest.fixture
def app(house: House) -> FastAPI:
    app, town = FastAPI(), house.town
    who = Who(town.access.resolve)
    app.include_router(gateway.routes(house.gateway, who))
    app.include_router(openai.routes(house.gateway, town.instances, who))
    app.include_router(mcp.routes(house.gateway, town.instances, who, house.settings))
    app.include_router(credits_.routes(house.ledger, who))
    problem.install(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(WidgetCors, allows=town.widgets.allows)
    return app


def key(ann: Door) -> str:
    return ann.http.headers["authorization"].removeprefix("Bearer ")


def client(ann: Door, server: str, **more: object) -> AsyncOpenAI:
    """OpenAI's own client, with nothing changed but where it goes."""
    return AsyncOpenAI(base_url=f"{server}/v1", api_key=key(ann), **{"max_retries": 0, "timeout": 20, **more})  # type: ignore[arg-type]
