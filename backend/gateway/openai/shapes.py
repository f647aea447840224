"""What OpenAI's clients are told. `cmp` is ours: the run, its sources and its receipt; their models keep members they do not know."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel


class ErrorBody(BaseModel):
    """code: OpenAI's word where it has one. cmp_code: ours."""

    message: str
    type: str
    param: str | None
    code: str
    cmp_code: str


class ErrorOut(BaseModel):
    error: ErrorBody


class Cmp(BaseModel):
    """run_id: for `GET /v1/runs/{id}`. ignored: parameters and messages that were sent and not used."""

    run_id: str
    session_id: str
    status: str
    sources: list[dict[str, Any]]
    receipt: dict[str, Any] | None
    ignored: list[str]


class ModelFacts(BaseModel):
    name: str
    status: str
    plan: str
    run: str


class ModelOut(BaseModel):
    """An agent. cmp.run: the price of a run, in credits."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str
    cmp: ModelFacts


class ModelsOut(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelOut]


class ChatUsage(BaseModel):
    """Tokens of the language model; 0 when none was asked."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class ChatChoice(BaseModel):
    index: Literal[0] = 0
    message: ChatMessage
    logprobs: None = None
    finish_reason: Literal["stop", "length"]


class ChatOut(BaseModel):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChatChoice]
    usage: ChatUsage
    cmp: Cmp


class ResponseUsage(BaseModel):
    """Tokens of the language model; 0 when none was asked."""

    input_tokens: int
    input_tokens_details: dict[str, int]
    output_tokens: int
    output_tokens_details: dict[str, int]
    total_tokens: int


class Citation(BaseModel):
    """index: where in the text its `[n]` stands."""

    type: Literal["file_citation"] = "file_citation"
    file_id: str
    filename: str
    index: int


class OutputText(BaseModel):
    type: Literal["output_text"] = "output_text"
    text: str
    annotations: list[Citation]
    logprobs: list[Any] = []


class OutputMessage(BaseModel):
    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    status: Literal["in_progress", "completed", "incomplete"]
    content: list[OutputText]


class ResponseError(BaseModel):
    code: Literal["server_error"] = "server_error"
    message: str


class Conversation(BaseModel):
    id: str


class TextFormat(BaseModel):
    type: Literal["text"] = "text"


class TextConfig(BaseModel):
    format: TextFormat = TextFormat()


class ResponseOut(BaseModel):
    """What was sent and not used is null here, and named in `cmp.ignored`."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    status: Literal["in_progress", "completed", "failed", "cancelled"]
    completed_at: int | None
    background: bool
    error: ResponseError | None
    incomplete_details: None = None
    instructions: None = None
    max_output_tokens: None = None
    max_tool_calls: None = None
    model: str
    output: list[OutputMessage]
    parallel_tool_calls: bool = False
    previous_response_id: str | None
    conversation: Conversation
    reasoning: None = None
    service_tier: None = None
    store: Literal[True] = True
    temperature: None = None
    text: TextConfig = TextConfig()
    tool_choice: Literal["none"] = "none"
    tools: list[Any] = []
    top_p: None = None
    truncation: Literal["disabled"] = "disabled"
    usage: ResponseUsage | None
    metadata: dict[str, str]
    cmp: Cmp
