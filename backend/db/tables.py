"""Finds every room's tables, so that migrations and tests see one complete metadata without `db` knowing the rooms by name."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil

from sqlalchemy import MetaData
from sqlmodel import SQLModel

import backend


def load_metadata() -> MetaData:
    """Import each `backend.<room>.models`, also of rooms within rooms, and return the metadata they fill."""
    for room in pkgutil.walk_packages(backend.__path__, "backend."):
        if room.ispkg and importlib.util.find_spec(f"{room.name}.models"):
            importlib.import_module(f"{room.name}.models")
    return SQLModel.metadata
