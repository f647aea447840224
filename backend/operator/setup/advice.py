"""What is left to do on our own side after a set-up, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from backend.operator.setup.schemas import Step
from backend.settings import Settings

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def advice(before: Settings, used: Settings, steps: Iterable[Step]) -> list[str]:
    """before: the settings a server would start with. used: those of the run. steps: what was done, or would be."""
    lines = [
        f"CMP_{name.upper()}={value}"
        for name, value in (
            ("saleor_api_url", used.saleor_api_url),
            ("saleor_channel", used.saleor_channel),
            ("public_url", used.public_url),
        )
        if getattr(before, name) != value
    ]
    said = [f"Put into .env, then start again: {'  '.join(lines)}"] if lines else []
    if before.saleor_app_token.get_secret_value() and any(step.secret for step in steps):
        said.append(
            "Take CMP_SALEOR_APP_TOKEN out of .env: the token made here is kept in the database, and that setting would win over it."
        )
    if unreachable(used):
        said.append(
            f"Webhooks go to {used.base_url}, which is this computer alone, while Saleor is elsewhere: no delivery will arrive. Run this "
            "again with --public-url and the address that Saleor can reach."
        )
    return said


def unreachable(settings: Settings) -> bool:
    """Whether our own address means nothing to the Saleor that is to call it."""
    return settings.local and urlsplit(settings.saleor_url).hostname not in LOCAL
