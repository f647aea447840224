"""The line in which work waits for its turn: a DBOS queue, joined by many at once in one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dbos import DBOSClient, EnqueueOptions
from sqlalchemy import Engine

from backend.kernel.batch import Batch

MOST = 200
"""Pieces of work in one commit."""


@dataclass(frozen=True, slots=True)
class Piece:
    """name: of the workflow, and of its queue."""

    name: str
    workflow_id: str
    args: tuple[Any, ...]


class Line:
    """engine: of the database that remembers the work. application, version: as DBOS itself was told."""

    def __init__(self, engine: Engine, application: str, version: str) -> None:
        self._engine, self._version = engine, version
        self._client = DBOSClient(system_database_engine=engine, application_name=application, lazy=True)
        self._batch = Batch(self._write, most=MOST)

    async def join(self, name: str, workflow_id: str, args: tuple[Any, ...]) -> None:
        """Durable when this returns; an id that is known already changes nothing."""
        await self._batch.put(Piece(name, workflow_id, args))

    async def _write(self, pieces: Sequence[Piece]) -> Sequence[None]:
        await asyncio.to_thread(self._insert, pieces)
        return [None] * len(pieces)

    def _insert(self, pieces: Sequence[Piece]) -> None:
        with self._engine.begin() as connection:
            # In the order of their ids, so that two processes with the same pieces do not wait for each other in a circle.
            for piece in sorted(pieces, key=lambda piece: piece.workflow_id):
                options = EnqueueOptions(
                    workflow_name=piece.name, queue_name=piece.name, workflow_id=piece.workflow_id, app_version=self._version
                )
                self._client.enqueue_in_transaction(connection, options, *piece.args)
