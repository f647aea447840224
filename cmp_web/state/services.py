"""The way from a handler to the backend's services."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.container import Services


def services() -> Services:
    """The services wired for this process. Looked up when first used: building the site's files needs no backend."""
    from backend import container

    return container.current()
