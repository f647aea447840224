"""The answers of this door, for the API's own page."""

from __future__ import annotations

from typing import Any

from backend.gateway.openai.shapes import ErrorOut
from backend.gateway.sse import EVENT

Answers = dict[int | str, dict[str, Any]]
_WORDS: dict[int | str, str] = {
    400: "A parameter is missing, wrong, unknown or not supported, or what was asked is too long.",
    401: "No key, or none that counts.",
    403: "The key or the agent's plan does not allow this.",
    404: "There is no such model or response, or it is not the caller's.",
    409: "The agent rests, or the Idempotency-Key was used for another request.",
    413: "The body is too large.",
    429: "Too many requests, or not enough credits (`insufficient_quota`).",
    500: "The run failed; it cost nothing.",
    503: "A part that is needed cannot answer now.",
    504: "The agent did not finish in time; it cost nothing.",
}
ASKING: Answers = {
    **{status: {"model": ErrorOut, "description": words} for status, words in _WORDS.items()},
    200: {
        "content": {"text/event-stream": {"schema": EVENT}},
        "description": "The answer, or its events when `stream` is true.",
    },
}
READING: Answers = {status: {"model": ErrorOut, "description": _WORDS[status]} for status in (400, 401, 403, 404, 409, 503)}
