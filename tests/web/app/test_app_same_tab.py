"""One tab, two people after each other: Reflex keeps a tab's State, so what one saw must not be shown to the next."""

from __future__ import annotations

from reflex.istate.data import RouterData

from backend.identity.sessions import COOKIE
from cmp_web.state.app_chat import Chat
from tests.web.app.conftest import Desk, call


async def test_the_next_person_at_the_same_tab_sees_nothing_of_the_conversation(desk: Desk) -> None:
    chat = desk.at_agent(Chat)
    await call(Chat.load, chat)
    await call(Chat.send, chat, {"text": "What is the code of the safe?"})
    await call(Chat.load, chat)
    assert chat.turns, "the same person goes on"
    await desk.move("bob@example.com")
    chat.router = RouterData.from_router_data({"headers": {"cookie": f"{COOKIE}={desk.token}"}, "pathname": "/app", "asPath": "/app"})
    await call(Chat.load, chat)
    assert (chat.phase, chat.turns, chat.cited, chat.conversation_id) == ("missing", [], [], "")
