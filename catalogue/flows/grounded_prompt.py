"""Puts numbered passages, the conversation and the question into one prompt. This text is the code of a Langflow component."""

import json
from html import escape

from lfx.custom.custom_component.component import Component
from lfx.io import MessageTextInput, MultilineInput, Output
from lfx.schema.message import Message


class GroundedPrompt(Component):
    display_name = "Grounded Prompt"
    description = "Numbered passages, the conversation so far and the question, as one prompt."
    icon = "book-open-text"
    name = "GroundedPrompt"
    inputs = [
        MessageTextInput(name="question", display_name="Question", required=True),
        MultilineInput(
            name="passages", display_name="Passages (JSON)", value="[]", info='[{"n": 1, "document_name": "…", "place": "…", "text": "…"}]'
        ),
        MultilineInput(name="history", display_name="History (JSON)", value="[]", info='[{"role": "user", "text": "…"}]'),
    ]
    outputs = [Output(name="prompt", display_name="Prompt", method="build_prompt")]

    def build_prompt(self) -> Message:
        question = getattr(self.question, "text", None) or str(self.question or "")
        # Escaped, so that no document can close its own element and speak outside it.
        passages = [
            f'<passage n="{p["n"]}" document="{escape(p.get("document_name", ""))}" place="{escape(p.get("place", ""))}">\n'
            f"{escape(p['text'], quote=False)}\n</passage>"
            for p in json.loads(self.passages or "[]")
        ]
        turns = [
            f"<{t['role']}>{escape(t['text'], quote=False)}</{t['role']}>"
            for t in json.loads(self.history or "[]")
            if t.get("role") in {"user", "agent"}
        ]
        parts = ["<passages>", *(passages or ["none were found"]), "</passages>"]
        if turns:
            parts += ["<conversation>", *turns[-8:], "</conversation>"]
        return Message(text="\n".join([*parts, "<question>", escape(question, quote=False), "</question>"]))
