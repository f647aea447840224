"""Which flow a product runs on, what that flow is told, and where in it the passages go."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from backend.catalogue import Product
from backend.runner.ports import FlowRef, Job
from backend.settings import Settings

KNOWLEDGE_FIELDS = ("passages", "history")
"""A node with a field of this name is given the job's passages, or history, as JSON."""
MODEL_NODE = "OpenAIModel-answer"
NO_KEY = "no-key-is-needed"
"""Local servers ask for no key, but the client library insists on one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a `Job` is made with: the flow, the values of its variables, and plain settings for its nodes."""

    flow: FlowRef
    variables: Mapping[str, str] = field(default_factory=dict)
    tweaks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def flow_for(product: Product, settings: Settings) -> Plan:
    """The product's flow: with a language model when one is configured, without one otherwise. Raises OSError when its file is missing."""
    if not settings.llm_base_url:
        return Plan(flow_ref(product.flow(), product.slug))
    variables = {"OPENAI_BASE_URL": settings.llm_base_url, "OPENAI_API_KEY": settings.llm_api_key.get_secret_value() or NO_KEY}
    tweaks = {MODEL_NODE: {"model_name": settings.llm_model}} if settings.llm_model else {}
    return Plan(flow_ref(product.flow("flow-model"), f"{product.slug}-model"), variables, tweaks)


def flow_ref(path: Path, name: str) -> FlowRef:
    stat = path.stat()
    return FlowRef(name, path, _hash(path, stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=256)
def _hash(path: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class FlowFiles:
    """The flows of this installation by name. A job from another process names its flow; the path is found here and never taken from it."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = dict(paths)

    @classmethod
    def of(cls, products: Iterable[Product]) -> FlowFiles:
        """Under the names that `flow_for` gives them."""
        agents = [product for product in products if product.is_agent]
        plain = {product.slug: product.flow() for product in agents}
        return cls(plain | {f"{product.slug}-model": product.flow("flow-model") for product in agents})

    def find(self, name: str, content_hash: str) -> FlowRef | None:
        """None when there is no such flow, or another version of it."""
        path = self._paths.get(name)
        try:
            flow = flow_ref(path, name) if path else None
        except OSError:
            return None
        return flow if flow and flow.content_hash == content_hash else None


def tweaks_for(job: Job) -> dict[str, dict[str, str]]:
    """Values for the fields of nodes, by node id: the job's own, and its passages and history wherever the flow has a field for them."""
    given = {
        "passages": json.dumps(
            [{"n": p.n, "document_name": p.document_name, "place": p.place, "text": p.text} for p in job.passages], ensure_ascii=False
        ),
        "history": json.dumps([{"role": turn.role, "text": turn.text} for turn in job.history], ensure_ascii=False),
    }
    tweaks = {node: dict(fields) for node, fields in job.tweaks.items()}
    for node, fields in knowledge_nodes(job.flow.path, job.flow.content_hash):
        tweaks.setdefault(node, {}).update({name: given[name] for name in fields})
    return tweaks


@lru_cache(maxsize=256)
def knowledge_nodes(path: Path, _content_hash: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The ids of nodes that take passages or history, with those fields of theirs."""
    nodes = json.loads(path.read_bytes())["data"]["nodes"]
    return tuple((node["id"], fields) for node in nodes if (fields := _fields(node)))


def _fields(node: Mapping[str, Any]) -> tuple[str, ...]:
    template = node.get("data", {}).get("node", {}).get("template", {})
    return tuple(name for name in KNOWLEDGE_FIELDS if isinstance(template.get(name), dict))
