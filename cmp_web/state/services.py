"""The way from a handler to the backend's services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend import container

if TYPE_CHECKING:
    from backend.container import Services


def services() -> Services:
    """The services wired for this process."""
    return container.current()
