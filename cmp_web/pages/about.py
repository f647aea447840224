"""About: what this marketplace is, and what it holds itself to."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import link_button
from cmp_web.components.prose import article, points, section
from cmp_web.layouts.store import ON_LOAD, shell
from cmp_web.pages.page import Page
from cmp_web.state import shelf


def about() -> rx.Component:
    lead = (
        "CMP is a shop for AI agents. A business buys one the way it buys anything else online, and has it answering on its "
        "own website minutes later."
    )
    return shell(
        article(
            "About CMP",
            lead,
            section(
                "how",
                "How it works",
                "An agent is a finished piece of work: it reads the documents you give it, answers questions from them, "
                "and names the place each "
                "answer comes from. You buy it once, with a number of credits. Each answer takes credits; when they are "
                "used, you buy more, or stop.",
                "The same agent is reached through a chat widget on your site, a chat in your workspace, a REST "
                "interface, the clients of OpenAI and, as a tool, assistants that speak MCP. All of them share one balance and "
                "one list of receipts.",
            ),
            section(
                "hold",
                "What you can hold us to",
                points(
                    "The price of a run is said before it starts, and a run never costs more than that.",
                    shelf.ALWAYS_FREE,
                    "A run under way is never cut off because credits ran out.",
                    "An order shows each of its stages. A stage that gets stuck is retried, and nothing is granted twice.",
                    "Every credit can be followed from the order that brought it to the run that used it.",
                    "Figures on a listing are measured. What is not measured yet is a dash.",
                ),
            ),
            section(
                "open",
                "What is under it",
                "The shop speaks Saleor’s GraphQL, agents are Langflow flows, and the whole of it can be run by anyone "
                "on their own machines. "
                "Neither your documents nor your visitors’ questions leave the installation unless its operator "
                "configures a language model elsewhere.",
            ),
            rx.el.div(link_button("See the agents", href=routes.MARKETPLACE), class_name="row headrow"),
        )
    )


PAGE = Page(
    routes.ABOUT,
    "About · CMP",
    about,
    description=(
        "CMP is a shop for AI agents: bought once, answering from your documents, with a price before each run and a receipt after it."
    ),
    on_load=ON_LOAD,
    indexed=True,
)
