"""Finds every room's tables, so that migrations and tests see one complete metadata without `db` knowing the rooms by name."""

from __future__ import annotations

import importlib
from pathlib import Path

from sqlalchemy import MetaData
from sqlmodel import SQLModel

_BACKEND = Path(__file__).resolve().parent.parent


def load_metadata() -> MetaData:
    """Import each `models.py` of the backend and return the metadata they fill."""
    for path in sorted(_BACKEND.rglob("models.py")):
        importlib.import_module(".".join(("backend", *path.relative_to(_BACKEND).with_suffix("").parts)))
    return SQLModel.metadata
