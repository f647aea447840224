"""The runner of a process that no other one runs agents for."""

from __future__ import annotations

from collections.abc import Sequence

from backend.catalogue import Product
from backend.runner.embedded import EmbeddedRunner
from backend.runner.flows import flow_for
from backend.runner.langflow import LangflowRunner
from backend.runner.ports import Runner
from backend.settings import Settings


def local_runner(settings: Settings, products: Sequence[Product]) -> Runner:
    """A Langflow server when one is configured, workers of this process otherwise."""
    if settings.langflow_url:
        return LangflowRunner(settings)
    return EmbeddedRunner(settings, flows=[flow_for(product, settings).flow for product in products if product.is_agent])
