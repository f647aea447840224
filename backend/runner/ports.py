"""The port every executor of flows fits: one job in, a stream of events out, the last of them `Finished` or `Failed`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

FailureCode = Literal["timeout", "crashed", "flow_failed", "cancelled", "unavailable"]


@dataclass(frozen=True, slots=True)
class FlowRef:
    """One version of a flow. name: its name on a Langflow server (`endpoint_name`). content_hash: SHA-256 of the file, in hex."""

    name: str
    path: Path
    content_hash: str


@dataclass(frozen=True, slots=True)
class PassageIn:
    """A passage the flow may answer from. n: the number it is cited by, `[n]`, counted from 1. place: such as "p. 12"."""

    n: int
    document_id: str
    document_name: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the conversation so far, oldest first. role: "user" or "agent"."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Job:
    """Everything one run may know.

    session_id: named by us, never by the client alone. variables: values of the flow's global variables, secrets among them; they are
    masked in what the flow prints. tweaks: plain values for fields of nodes, by the node's name in the flow. timeout: seconds.
    """

    run_id: str
    flow: FlowRef
    text: str
    session_id: str
    passages: tuple[PassageIn, ...] = ()
    history: tuple[Turn, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    tweaks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    timeout: float = 120.0


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer, as soon as it is known."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The whole answer. usage: `input_tokens`, `output_tokens` and `total_tokens` when a model was asked, else empty."""

    text: str
    usage: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no answer. detail: words for an operator; never a traceback or a secret."""

    code: FailureCode
    detail: str


Event = Token | Finished | Failed
LONGEST = 4 * 1024 * 1024
"""Characters of an answer. A flow that says more fails."""


def too_long() -> Failed:
    return Failed("flow_failed", f"The flow's answer is longer than {LONGEST} characters.")


class Runner(Protocol):
    async def start(self) -> None:
        """Begin to get ready; returns at once. `health` tells when it is."""
        ...

    async def stop(self) -> None:
        """End every run and every process. Safe to repeat."""
        ...

    def stream(self, job: Job) -> AsyncIterator[Event]:
        """Run `job`. Never raises for a run that goes wrong: that is `Failed`. Closing the iterator cancels the run."""
        ...

    def health(self) -> str:
        """Empty when runs can be taken, else one line that says what is wrong ("starting", "the Langflow server …")."""
        ...
