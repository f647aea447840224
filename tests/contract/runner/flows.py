"""Flows for tests: a sample agent's real flow, its component's answer replaced by a few lines of the test."""

from __future__ import annotations

import json
import textwrap
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import cast

from backend import catalogue
from backend.catalogue import Product
from backend.runner.flows import flow_ref
from backend.runner.ports import Event, FlowRef, Job, PassageIn, Runner, Token

PRODUCTS: dict[str, Product] = {product.slug: product for product in catalogue.load() if product.is_agent}
KBA, CSA = PRODUCTS["knowledge-base-agent"], PRODUCTS["customer-support-agent"]
FLOWS = {f"{slug}{tail}": product.flow(f"flow{tail}") for slug, product in PRODUCTS.items() for tail in ("", "-model")}
GIFT = PassageIn(1, "doc_1", "handbook.md", "Gift cards", "We sell gift cards of $10 and $25. Gift cards are valid for three years.")
RETURNS = PassageIn(2, "doc_1", "handbook.md", "Returns", "Opened items can be returned within 14 days of delivery.")


def flow(product: Product = KBA, name: str = "flow") -> FlowRef:
    return flow_ref(product.flow(name), product.slug + name.removeprefix("flow"))


def made(folder: Path, name: str, body: str, *, module: str = "") -> FlowRef:
    """A flow whose component answers with what `body`, the inside of `answer(question, before, passages, manner)`, returns.

    module: lines of the component's module itself, which are run when the flow is loaded.
    """
    data = json.loads(KBA.flow().read_text())
    node = next(node for node in data["data"]["nodes"] if node["data"]["type"] == "ExtractiveAnswer")
    code = node["data"]["node"]["template"]["code"]
    code["value"] += "\n\ndef answer(question, before, passages, manner):\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n"
    code["value"] = code["value"].replace("\nclass ExtractiveAnswer", f"\n{module}\n\nclass ExtractiveAnswer")
    path = folder / f"{name}.json"
    path.write_text(json.dumps(data))
    return flow_ref(path, name)


def job(ref: FlowRef, text: str = "Do you sell gift cards?", **more: object) -> Job:
    given: dict[str, object] = {"run_id": "run_1", "session_id": "inst_1:conv_1", "passages": (GIFT, RETURNS), "timeout": 60.0}
    return Job(flow=ref, text=text, **(given | more))  # type: ignore[arg-type]


async def heard(runner: Runner, one: Job) -> list[Event]:
    """All of a run's events, as the gateway takes them: it stops at the last one, and closes the stream."""
    events: list[Event] = []
    async with aclosing(cast("AsyncGenerator[Event, None]", runner.stream(one))) as stream:
        async for event in stream:
            events.append(event)
            if not isinstance(event, Token):
                break
    return events
