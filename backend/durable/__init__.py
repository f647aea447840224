"""Durable work: the one room that knows DBOS.

A workflow is an async function that only awaits `step` and `sleep` of this module; what a step returned is remembered, so after a
kill -9 the workflow goes on behind the last finished step. A step may run twice (finished, but killed before that was written down),
so each step must itself be harmless to repeat. Arguments and results are JSON values.
"""

from backend.durable.engine import Durable, Retry

__all__ = ["Durable", "Retry"]
