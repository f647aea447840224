"""From a list of messages to one question and what was said before it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from backend.kernel.errors import Invalid, TooLarge
from backend.runner.ports import Turn

MAX_TURNS = 20
"""Messages before the question that the agent is reminded of: as many as of a conversation that is kept here."""
MAX_HISTORY = 64_000
"""Characters of those messages together. A run costs the same however much it is reminded of."""


class Message(Protocol):
    @property
    def role(self) -> str: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """ignored: the messages that are not used, such as `messages[0]`."""

    text: str
    history: tuple[Turn, ...]
    ignored: tuple[str, ...]


def asked(messages: Sequence[Message], name: str) -> Asked:
    """name: what the list is called. Raises Invalid when the last of what was said is not the user's, TooLarge for a long history."""
    said = [message for message in messages if message.role in {"user", "assistant"}]
    if not said or said[-1].role != "user":
        raise Invalid("The last message must be the user's: it is the question.", fields={name: "must end with a message of the user"})
    earlier = [Turn("user" if message.role == "user" else "agent", message.text) for message in said[:-1] if message.text]
    history = tuple(earlier[-MAX_TURNS:])
    if (length := sum(len(turn.text) for turn in history)) > MAX_HISTORY:
        detail = f"The messages before the question have {length:,} characters; at most {MAX_HISTORY:,} are taken."
        raise TooLarge(detail, code="input_too_large", fields={name: f"at most {MAX_HISTORY} characters before the question"})
    unused = tuple(f"{name}[{place}]" for place, message in enumerate(messages) if message.role in {"system", "developer"})
    return Asked(said[-1].text, history, unused)
