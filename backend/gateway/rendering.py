"""A run as JSON for the door that every run goes through: what `RunOut` says, without building the models (a test holds them equal)."""

from __future__ import annotations

from typing import Any

import orjson

from backend.gateway.views import RunView
from backend.ledger.views import Receipt


def run_json(run: RunView) -> bytes:
    body = {
        "id": run.id,
        "status": run.status,
        "instance_id": run.instance_id,
        "instance_name": run.instance_name,
        "session_id": run.conversation_id,
        "door": run.door,
        "input": {"query": run.query},
        "output": {"text": run.text, "sources": run.sources},
        "usage": run.usage,
        "receipt": _receipt(run.receipt) if run.receipt else None,
        "error": {"code": run.error_code, "detail": run.error_detail} if run.error_code else None,
        "started_at": run.started_at,
        "duration_ms": run.duration_ms,
    }
    return orjson.dumps(body, dict, orjson.OPT_UTC_Z)


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "run_id": receipt.run_id,
        "status": receipt.status,
        "quoted": str(receipt.quoted),
        "held": str(receipt.held),
        "charged": str(receipt.charged),
        "released": str(receipt.released),
        "available": str(receipt.available),
        "lots": [{"id": lot.lot_id, "label": lot.label, "amount": str(lot.amount)} for lot in receipt.lots],
        "refunded": str(receipt.refunded),
        "at": receipt.at,
    }
