"""Terms and privacy: what this software does, in plain words. An operator adds what their own law asks for."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.prose import article, points, section
from cmp_web.layouts.store import ON_LOAD, shell
from cmp_web.pages.page import Page
from cmp_web.state import shelf


def terms() -> rx.Component:
    return shell(
        article(
            "Terms",
            "What you get, what it costs, and what happens when something goes wrong. The operator of this site may add "
            "terms of their own.",
            section(
                "buying",
                "Buying",
                "An agent and its credits are paid once, without a subscription. They are delivered to the workspace "
                "named at checkout, or to the "
                "account that proves the order’s e-mail address. Credits do not expire.",
            ),
            section(
                "charges",
                "Charge rules",
                points(
                    "A run costs the price quoted before it starts, at most.",
                    shelf.ALWAYS_FREE,
                    "A run you stop costs the part that was used, at most.",
                    "The same request sent again with its key costs nothing more.",
                    "A run under way finishes when credits run out; the next one is refused.",
                ),
            ),
            section(
                "refunds",
                "Refunds",
                "When an order is refunded or cancelled, its agents are suspended and those of its credits that were "
                "not used are taken back. "
                "Credits that were used stay used.",
            ),
            section(
                "use",
                "Use",
                "You are responsible for the documents you add and for having the right to use them. Answers come from "
                "those documents and can "
                "still be wrong: check them where it matters.",
            ),
        )
    )


def privacy() -> rx.Component:
    return shell(
        article(
            "Privacy",
            "What this software keeps, and for how long. The operator of this site answers for where it runs and who has access.",
            section(
                "cookies",
                "Cookies",
                points(
                    "cmp_visitor names your browser, so that the cart survives a reload and you can see what you bought. It holds a random "
                    "value, and no script can read it.",
                    "cmp_session keeps you signed in, for at most 30 days. It holds a random value too.",
                    "There are no other cookies, no analytics and no third parties in these pages.",
                ),
            ),
            section(
                "account",
                "Account and orders",
                "We keep your e-mail address, your name if you gave it, and a hash of your password. The shop keeps "
                "your orders with the billing "
                "address. Payment details go to the payment provider, not to us.",
            ),
            section(
                "documents",
                "Documents and conversations",
                "Documents are kept with their text until you remove them; removing one deletes both. Conversations and "
                "runs are kept in your "
                "workspace. Questions put to a trial on a product’s page are not kept.",
            ),
            section(
                "models",
                "Language models",
                "Where the operator configured a language model, a question and the passages found for it are sent "
                "there to be answered. Where "
                "none is configured, answers are made here from the passages alone.",
            ),
        )
    )


PAGES = (
    Page(routes.TERMS, "Terms · CMP", terms, "What you get, what it costs, what happens when something goes wrong.", ON_LOAD, indexed=True),
    Page(routes.PRIVACY, "Privacy · CMP", privacy, "What this software keeps of you, and for how long.", ON_LOAD, indexed=True),
)
