"""Every example of the two doors, in the docs and on the pages, does what it says when it is pasted."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
from pathlib import Path

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from cmp_web.components import examples
from tests.api.gateway.conftest import Open
from tests.contract.doors.conftest import key

DOORS = (Path(__file__).resolve().parents[3] / "docs/doors.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", DOORS, re.S)


async def pasted(code: str) -> str:
    """What it prints, run as a program beside the server."""

    def run() -> str:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(code, "example", "exec"), {"__name__": "__main__"})
        return out.getvalue()

    return await asyncio.to_thread(run)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("block", range(len(BLOCKS)))
async def test_an_example_of_the_docs_runs(door: Open, server: str, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    ann = await door(sku="CSA-PRO")
    for name, value in (("CMP_URL", server), ("CMP_KEY", key(ann)), ("CMP_AGENT", ann.agent.id)):
        monkeypatch.setenv(name, value)
    assert "Within 30 days [1]." in await pasted(BLOCKS[block])


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_the_example_of_the_pages_runs(door: Open, server: str) -> None:
    ann = await door()
    code = examples.OPENAI.replace(examples.URL, server).replace(examples.KEY, key(ann)).replace(examples.AGENT, ann.agent.id)
    assert await pasted(code) == "Within 30 days [1].\n1 credits\n"


async def test_an_assistant_connects_by_the_file_of_the_pages_and_of_the_docs(door: Open, server: str) -> None:
    ann = await door(sku="CSA-PRO")
    [documented] = re.findall(r"```json\n(.*?)```", DOORS, re.S)
    assert json.loads(documented) == json.loads(examples.MCP)
    told = json.loads(examples.MCP.replace(examples.URL, server).replace(examples.KEY, key(ann)))["mcpServers"]["cmp"]
    assert told["type"] == "http"
    async with (
        httpx.AsyncClient(headers=told["headers"]) as http,
        streamable_http_client(told["url"], http_client=http) as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        assert len((await session.list_tools()).tools) == 1
