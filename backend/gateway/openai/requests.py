"""What OpenAI's clients send. A parameter that would change the answer and cannot be honoured is refused; one that only tunes a model
is taken and not used, and the answer says so (`cmp.ignored`). Anything else is unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from backend.gateway.schemas import Cap

_TEXTS = {"text", "input_text", "output_text"}
HARMLESS: Mapping[str, Callable[[Any], bool]] = {
    "audio": lambda _: False,
    "function_call": lambda value: value in ("none", "auto"),
    "functions": lambda value: value == [],
    "logprobs": lambda value: value is False,
    "modalities": lambda value: value == ["text"],
    "moderation": lambda _: False,
    "n": lambda value: value == 1,
    "prompt": lambda _: False,
    "response_format": lambda value: isinstance(value, dict) and value.get("type") == "text",
    "stop": lambda value: value == [],
    "text": lambda value: isinstance(value, dict) and _plain(value.get("format")),
    "tool_calls": lambda value: value == [],
    "tool_choice": lambda value: value in ("none", "auto"),
    "tools": lambda value: value == [],
    "top_logprobs": lambda value: value == 0,
    "web_search_options": lambda _: False,
}
"""Parameters that this door does not have, and when naming one changes nothing."""
CHAT_IGNORED = (
    *("frequency_penalty", "logit_bias", "max_completion_tokens", "max_tokens", "metadata", "parallel_tool_calls", "prediction"),
    *("presence_penalty", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "reasoning_effort", "safety_identifier"),
    *("seed", "service_tier", "store", "temperature", "top_p", "user", "verbosity"),
)
RESPONSE_IGNORED = (
    *("context_management", "include", "instructions", "max_output_tokens", "max_tool_calls", "parallel_tool_calls", "prompt_cache_key"),
    *("prompt_cache_options", "prompt_cache_retention", "reasoning", "safety_identifier", "service_tier", "store", "stream_options"),
    *("temperature", "top_p", "truncation", "user"),
)


def _plain(form: Any) -> bool:
    return form is None or (isinstance(form, dict) and form.get("type") == "text")


def _parts(content: Any) -> Any:
    """A message's content may be one text, or nothing when it called tools."""
    if content is None:
        return []
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


class Part(BaseModel):
    type: str
    text: str = ""

    @field_validator("type")
    @classmethod
    def _text_only(cls, kind: str) -> str:
        if kind not in _TEXTS:
            raise PydanticCustomError("unsupported_value", "An agent takes text, and no part of another type.")
        return kind


class _Sized(BaseModel):
    @field_validator(*HARMLESS, mode="before", check_fields=False)
    @classmethod
    def _refused(cls, value: Any, info: ValidationInfo) -> Any:
        name = info.field_name or ""
        if value is not None and not HARMLESS[name](value):
            raise PydanticCustomError("unsupported_parameter", "Agents do not support '{name}' with this value.", {"name": name})
        return value


class MessageIn(_Sized):
    """One message of the conversation. Members that mean nothing here, such as `name`, are let be."""

    role: str
    content: Annotated[list[Part], BeforeValidator(_parts, json_schema_input_type=str | list[Part] | None)] = []
    type: str = "message"
    tool_calls: Any = None

    @field_validator("role")
    @classmethod
    def _known(cls, role: str) -> str:
        if role not in {"user", "assistant", "system", "developer"}:
            raise PydanticCustomError("unsupported_value", "A message is the user's, the assistant's, or an instruction.")
        return role

    @field_validator("type")
    @classmethod
    def _message(cls, kind: str) -> str:
        if kind != "message":
            raise PydanticCustomError("unsupported_value", "An agent takes messages, and no item of another type.")
        return kind

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.content if part.text)


class _Asking(_Sized):
    model_config = ConfigDict(extra="forbid")

    model: str = Field(max_length=200, description="An instance's id.", examples=["inst_01KAN4S2…"])
    stream: bool | None = None
    max_credits: Cap | None = None
    metadata: dict[Annotated[str, StringConstraints(max_length=64)], Annotated[str, StringConstraints(max_length=512)]] | None = Field(
        None, max_length=16
    )

    def unused(self, names: tuple[str, ...]) -> list[str]:
        return [name for name in names if getattr(self, name) is not None]


class StreamOptions(BaseModel):
    include_usage: bool | None = None


class ChatIn(_Asking):
    """The last message is the question. Earlier ones are what was said before; instructions are the agent's own and cannot be replaced."""

    messages: list[MessageIn] = Field(min_length=1)
    stream_options: StreamOptions | None = None
    audio: Any = None
    function_call: Any = None
    functions: Any = None
    logprobs: Any = None
    modalities: Any = None
    moderation: Any = None
    n: Any = None
    response_format: Any = None
    stop: Any = None
    tool_choice: Any = None
    tools: Any = None
    top_logprobs: Any = None
    web_search_options: Any = None
    frequency_penalty: Any = None
    logit_bias: Any = None
    max_completion_tokens: Any = None
    max_tokens: Any = None
    parallel_tool_calls: Any = None
    prediction: Any = None
    presence_penalty: Any = None
    prompt_cache_key: Any = None
    prompt_cache_options: Any = None
    prompt_cache_retention: Any = None
    reasoning_effort: Any = None
    safety_identifier: Any = None
    seed: Any = None
    service_tier: Any = None
    store: Any = None
    temperature: Any = None
    top_p: Any = None
    user: Any = None
    verbosity: Any = None


class ConversationIn(BaseModel):
    id: str = Field(max_length=200)


class ResponseIn(_Asking):
    """previous_response_id, conversation: what to go on with; a new conversation without either."""

    input: str | list[MessageIn]
    previous_response_id: str | None = Field(None, max_length=64)
    conversation: Annotated[str, StringConstraints(max_length=200)] | ConversationIn | None = None
    background: bool | None = None
    moderation: Any = None
    prompt: Any = None
    text: Any = None
    tool_choice: Any = None
    tools: Any = None
    top_logprobs: Any = None
    context_management: Any = None
    include: Any = None
    instructions: Any = None
    max_output_tokens: Any = None
    max_tool_calls: Any = None
    parallel_tool_calls: Any = None
    prompt_cache_key: Any = None
    prompt_cache_options: Any = None
    prompt_cache_retention: Any = None
    reasoning: Any = None
    safety_identifier: Any = None
    service_tier: Any = None
    store: Any = None
    stream_options: Any = None
    temperature: Any = None
    top_p: Any = None
    truncation: Any = None
    user: Any = None

    @property
    def session(self) -> str | None:
        return self.conversation.id if isinstance(self.conversation, ConversationIn) else self.conversation

    @property
    def messages(self) -> list[MessageIn]:
        return [MessageIn(role="user", content=self.input)] if isinstance(self.input, str) else self.input
