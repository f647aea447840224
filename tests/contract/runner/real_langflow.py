"""A real Langflow server: `CMP_TEST_LANGFLOW_URL` and `CMP_TEST_LANGFLOW_KEY`. It has to be allowed to call this machine:
`LANGFLOW_SSRF_ALLOWED_HOSTS=127.0.0.1 LANGFLOW_PROVIDER_CREDENTIAL_ALLOWED_HOSTS=127.0.0.1`."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from backend.runner.langflow_answers import base_url

URL, KEY = os.environ.get("CMP_TEST_LANGFLOW_URL", ""), os.environ.get("CMP_TEST_LANGFLOW_KEY", "")


async def push(flows: Mapping[str, Path]) -> None:
    """Make them its own, under these names."""
    async with aiohttp.ClientSession(headers={"x-api-key": KEY}) as http:
        for name, path in flows.items():
            number = uuid.UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=4)
            body = {"name": name, "endpoint_name": name, "data": json.loads(path.read_text())["data"]}
            async with http.put(f"{base_url(URL)}/api/v1/flows/{number}", json=body) as answer:
                assert answer.status in {200, 201}, (name, answer.status, await answer.text())
