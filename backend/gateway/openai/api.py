"""OpenAI's paths. Each asks the gateway as any door does, with the caller marked as having come through this one."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from backend.control_plane.instances import Instances
from backend.control_plane.views import InstanceView, Status
from backend.doors import Who
from backend.gateway.capacity import overloaded
from backend.gateway.openai import chat, errors, facts, responses, wire
from backend.gateway.openai.asking import asked
from backend.gateway.openai.documented import ASKING, READING
from backend.gateway.openai.errors import OpenAIRoute
from backend.gateway.openai.requests import CHAT_IGNORED, RESPONSE_IGNORED, ChatIn, ResponseIn
from backend.gateway.openai.responses import Request
from backend.gateway.openai.shapes import ChatOut, ModelFacts, ModelOut, ModelsOut, ResponseOut
from backend.gateway.schemas import RunOut
from backend.gateway.service import Gateway
from backend.gateway.views import RunCommand, RunView
from backend.kernel.caller import Caller, Door
from backend.kernel.errors import Invalid, NotFound
from backend.kernel.money import Credits

IdempotencyKey = Annotated[str | None, Header()]


def routes(gateway: Gateway, instances: Instances, who: Who) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)
    asking = APIRouter(prefix="/v1", tags=["openai"], route_class=_while_there_is_room(gateway))
    _models(router, instances, who)
    _chat(asking, gateway, who)
    _responses(asking, gateway, instances, who)
    router.routes.extend(asking.routes)
    _made(router, gateway, who)
    return router


def _while_there_is_room(gateway: Gateway) -> type[OpenAIRoute]:
    class Asking(OpenAIRoute):
        def before(self) -> None:
            if gateway.full:
                raise overloaded()

    return Asking


def _models(router: APIRouter, instances: Instances, who: Who) -> None:
    @router.get("/models", responses=READING)
    async def list_models(caller: Annotated[Caller, Depends(who.programs)]) -> ModelsOut:
        """The agents that this key may ask now, as models."""
        mine = await instances.list(caller)
        return ModelsOut(data=[_model(agent) for agent in mine if agent.terms.rest and agent.status is Status.LIVE])

    @router.get("/models/{model}", responses=READING)
    async def get_model(model: str, caller: Annotated[Caller, Depends(who.programs)]) -> ModelOut:
        """One agent; `cmp.status` says whether it may be asked now."""
        agent = await instances.get(caller, model)
        if not agent.terms.rest:
            raise NotFound("There is no such agent.")
        return _model(agent)


def _chat(router: APIRouter, gateway: Gateway, who: Who) -> None:
    @router.post("/chat/completions", response_model=ChatOut, responses=ASKING)
    async def create_chat_completion(
        body: ChatIn, caller: Annotated[Caller, Depends(who.programs)], idempotency_key: IdempotencyKey = None
    ) -> Any:
        """Ask an agent the last message; the messages before it are what was said so far. `cmp` has the run and its receipt."""
        question = asked(body.messages, "messages")
        command = RunCommand(body.model, question.text, None, _cap(body.max_credits), idempotency_key, history=question.history)
        begun, ignored = await gateway.begin(_through(caller), command), [*question.ignored, *body.unused(CHAT_IGNORED)]
        if body.stream:
            counts = bool(body.stream_options and body.stream_options.include_usage)
            return _stream(chat.chunks(begun, ignored, counts), begun.run_id)
        run, head = _json(await begun.result()), facts.headers(begun.run_id)
        if run["status"] == "failed":
            return errors.failed(run, head, repeatable=idempotency_key is None)
        return _answer(chat.completion(run, ignored), head)


def _responses(router: APIRouter, gateway: Gateway, instances: Instances, who: Who) -> None:
    @router.post("/responses", response_model=ResponseOut, responses=ASKING)
    async def create_response(
        body: ResponseIn, caller: Annotated[Caller, Depends(who.programs)], idempotency_key: IdempotencyKey = None
    ) -> Any:
        """Ask an agent, and go on with an earlier response's conversation if one is named. `cmp` has the run and its receipt."""
        question, session = asked(body.messages, "input"), await _session(gateway, instances, caller, body)
        if session and question.history:
            raise Invalid("What was said before is known; send the new question alone.", fields={"input": "one message of the user"})
        # Whoever streams waits for it, so only the rest is put by.
        apart = bool(body.background and not body.stream)
        if apart and question.history:
            detail = "In the background an agent goes on by previous_response_id or conversation, which outlive a restart."
            raise Invalid(detail, fields={"input": "one message of the user"})
        cap, told = _cap(body.max_credits), question.history
        command = RunCommand(body.model, question.text, session, cap, idempotency_key, background=apart, history=told)
        begun = await _going_on(gateway, _through(caller), command)
        echo = Request(body.previous_response_id, bool(body.background), body.metadata or {}, _unused(question.ignored, body))
        if body.stream:
            return _stream(responses.events(begun, echo), begun.run_id)
        head = facts.headers(begun.run_id)
        if apart:
            return _answer(responses.response(_json(await gateway.get(caller, begun.run_id)), echo), head)
        run = _json(await begun.result())
        if run["status"] == "failed":
            return errors.failed(run, head, repeatable=idempotency_key is None)
        return _answer(responses.response(run, echo), head)


def _made(router: APIRouter, gateway: Gateway, who: Who) -> None:
    @router.get("/responses/{response_id}", response_model=ResponseOut, responses=READING)
    async def get_response(response_id: str, caller: Annotated[Caller, Depends(who.programs)], stream: bool = False) -> Any:
        """A response that was begun, in the background or not, as it is now."""
        if stream:
            raise Invalid(
                "A response is streamed when it is made, and read whole later.", code="unsupported_parameter", fields={"stream": "false"}
            )
        run = await _run(gateway, caller, response_id)
        return _answer(responses.response(_json(run), Request()), facts.headers(run.id))

    @router.post("/responses/{response_id}/cancel", response_model=ResponseOut, responses=READING)
    async def cancel_response(response_id: str, caller: Annotated[Caller, Depends(who.programs)]) -> Any:
        """Stop it. It is charged for the part that was delivered; one that has ended stays as it is."""
        run = await gateway.cancel(caller, (await _run(gateway, caller, response_id)).id)
        return _answer(responses.response(_json(run), Request()), facts.headers(run.id))


async def _run(gateway: Gateway, caller: Caller, response_id: str) -> RunView:
    try:
        return await gateway.get(caller, facts.run_id(response_id))
    except NotFound:
        raise NotFound("There is no such response.", code="response_not_found") from None


async def _session(gateway: Gateway, instances: Instances, caller: Caller, body: ResponseIn) -> str | None:
    """The conversation to go on with. Raises Invalid, and NotFound for an agent that is not the caller's: the conversation is looked
    for behind it."""
    previous = body.previous_response_id
    if previous and body.session:
        raise Invalid("Name the conversation or the response before, not both.", fields={"previous_response_id": "not with conversation"})
    if not previous and not body.session:
        return None
    await instances.get(caller, body.model)
    if not previous:
        return body.session
    try:
        return (await gateway.get(caller, facts.run_id(previous))).conversation_id
    except NotFound:
        raise _unknown_before("previous_response_id") from None


async def _going_on(gateway: Gateway, caller: Caller, command: RunCommand) -> Any:
    try:
        return await gateway.begin(caller, command)
    except NotFound:
        if command.conversation_id is None:
            raise
        raise _unknown_before("conversation") from None


def _unknown_before(field: str) -> Invalid:
    detail = "There is no such conversation with this agent that this key began."
    return Invalid(detail, code=f"{field.removesuffix('_id')}_not_found", fields={field: "unknown"})


def _through(caller: Caller) -> Caller:
    return replace(caller, door=Door.OPENAI)


def _model(agent: InstanceView) -> ModelOut:
    about = ModelFacts(name=agent.name, status=agent.status, plan=agent.plan, run=str(agent.terms.run))
    return ModelOut(id=agent.id, created=int(agent.created_at.timestamp()), owned_by=agent.workspace_id, cmp=about)


def _cap(amount: str | None) -> Credits | None:
    return Credits.of(amount) if amount is not None else None


def _unused(messages: tuple[str, ...], body: ResponseIn) -> tuple[str, ...]:
    return (*messages, *body.unused(RESPONSE_IGNORED))


def _json(run: RunView) -> dict[str, Any]:
    return RunOut.of(run).model_dump(mode="json")


def _answer(body: BaseModel, head: dict[str, str]) -> JSONResponse:
    return JSONResponse(body.model_dump(mode="json"), headers=head)


def _stream(lines: Any, run_id: str) -> StreamingResponse:
    return StreamingResponse(lines, media_type="text/event-stream", headers={**wire.HEADERS, **facts.headers(run_id)})
