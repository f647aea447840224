"""Whether two answers have the same shape: keys, JSON types, what is null, error codes. Values and ids may differ."""

from __future__ import annotations

import re
from typing import Any

EXCUSED = (
    # What the recorded server had and this shop has no use for: buyers' accounts, and payments by plugins.
    r"order\.user$",
    r"\.payments$",
    # What a payment app says to its own widget is its own affair; the schema calls it JSON.
    r"(transactionInitialize|transactionProcess|gatewayConfigs)\.data$",
)
"""Paths where one side may be null or empty and the other not."""


def differences(recorded: Any, ours: Any, path: str = "") -> list[str]:
    """What is not alike, each with its path; empty when the shapes agree."""
    if _excused(path):
        return []
    if isinstance(recorded, dict) and isinstance(ours, dict):
        if set(recorded) != set(ours):
            return [f"{path}: keys {sorted(recorded)} recorded, {sorted(ours)} here"]
        return [fault for key in recorded for fault in differences(recorded[key], ours[key], f"{path}.{key}".lstrip("."))]
    if isinstance(recorded, list) and isinstance(ours, list):
        if path.endswith(".errors"):
            return _faults(recorded, ours, path)
        return [fault for a, b in zip(recorded, ours, strict=False) for fault in differences(a, b, path)]
    if _type(recorded) != _type(ours):
        return [f"{path}: {_type(recorded)} recorded ({recorded!r}), {_type(ours)} here ({ours!r})"]
    return []


def _excused(path: str) -> bool:
    return any(re.search(pattern, path) for pattern in EXCUSED)


def _type(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case None:
            return "null"
        case _:
            return type(value).__name__


def _faults(recorded: list[Any], ours: list[Any], path: str) -> list[str]:
    """A mutation's errors agree in field, code and order, and in which of their parts are null."""
    there, here = ([(one.get("field"), one.get("code")) for one in side] for side in (recorded, ours))
    if sorted(set(there), key=str) != sorted(set(here), key=str):
        return [f"{path}: {there} recorded, {here} here"]
    by_code = {(one.get("field"), one.get("code")): one for one in recorded}
    pairs = [(by_code[one.get("field"), one.get("code")], one) for one in ours]
    return [
        f"{path}.{key}: {_type(a[key])} recorded, {_type(b[key])} here" for a, b in pairs for key in a if _type(a[key]) != _type(b.get(key))
    ]


def top_level(body: dict[str, Any]) -> list[tuple[Any, Any]]:
    """(path, exception code) of each GraphQL error that is not excused."""
    found = [(".".join(map(str, one.get("path") or ())), one["extensions"]["exception"]["code"]) for one in body.get("errors", ())]
    return [(path, code) for path, code in found if not _excused(path)]
