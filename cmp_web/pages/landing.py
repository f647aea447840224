"""The landing page."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import leaders, link, link_button
from cmp_web.components.doors import doors
from cmp_web.components.emblems import emblem
from cmp_web.components.icons import icon
from cmp_web.components.shelf import family
from cmp_web.layouts.store import ON_LOAD, shell
from cmp_web.pages.page import Page
from cmp_web.state import shelf

STEPS = (
    ("Choose", "Try each agent on its page. Compare plans side by side."),
    ("Pay", "Cart, card, receipt. Like any other shop."),
    ("Receive", "Your agent appears in your workspace, with its credits."),
    ("Teach", "Drop in a PDF. Ask it something. Check the sources."),
    ("Place", "Paste one line into your site. It answers."),
)
RULES = (
    ("The agent answers", "The quoted price, at most", ""),
    ("The run fails, for any reason", "0 credits", " go med"),
    ("The answer is not in your documents", "0 credits", " go med"),
    ("You stop it half way", "Only what was used", ""),
    ("Credits run out during a run", "The run finishes first", ""),
    ("The same request arrives twice", "Once", ""),
)
PROMISES = (
    ("An order repairs itself", "You watch every stage from paid to live. If one gets stuck, it is retried, and the page says so."),
    ("Zero is not a cliff", "At zero the next run waits for a top-up. The run under way finishes, and the widget says how to reach you."),
    ("Your visitors stay apart", "Each conversation has its own signed session. Nobody sees the last visitor’s chat."),
    ("Figures are measured", "A listing shows success, speed and cost only when enough runs stand behind them."),
)
FIRST_AGENT = next(product for product in shelf.SHELF if product.is_agent)
CHEAPEST = min(variant.price for product in shelf.SHELF if product.is_agent for variant in product.variants)
TRY = f"{routes.product(FIRST_AGENT.slug)}#try"


def landing() -> rx.Component:
    return shell(hero(), road(), on_the_shelf(), charge_rules(), doors(), promises(), last_word())


def hero() -> rx.Component:
    acts = rx.el.div(
        link_button("Browse agents", href=routes.MARKETPLACE, size="l"),
        link_button("Try one first", href=TRY, kind="o", size="l"),
        class_name="row wrapx g3",
    )
    said = rx.el.div(
        rx.el.h1("Buy an AI agent. See it answer on your website in five minutes.", class_name="display"),
        rx.el.p(
            "Choose one, pay, add your documents, paste one line. Every answer names its sources and shows what it cost.", class_name="lead"
        ),
        acts,
        rx.el.p(f"From {CHEAPEST}, paid once. A failed run costs nothing.", class_name="sm i3"),
        class_name="htext col",
    )
    return rx.el.section(said, stage(), class_name="wrap hero")


def stage() -> rx.Component:
    """The picture: a website, the widget on it, the receipt of its answer."""
    words = (
        "A chat widget on a website answers a question from Handbook.pdf; next to it, the receipt for that answer: "
        "held 1 credit, charged 1 credit."
    )
    top = rx.el.div(*[rx.el.i() for _ in range(3)], rx.el.span("your-website.example"), class_name="fbar")
    body = rx.el.div(*[rx.el.b() for _ in range(3)], rx.el.div(*[rx.el.u() for _ in range(3)], class_name="fgrid"), class_name="fbody")
    site = rx.el.div(top, body, class_name="fake", aria_hidden="true")
    return rx.el.div(site, _widget(), _slip(), class_name="stage", role="img", aria_label=words)


def _widget() -> rx.Component:
    cite = rx.el.span("1", class_name="cite")
    source = rx.el.span(rx.el.span("1", class_name="cite"), "Handbook.pdf ", rx.el.span("p. 12", class_name="i3"), class_name="src")
    answer = rx.el.div(
        rx.el.p("Yes, within 30 days, if it is complete and undamaged. Bring the receipt.", cite),
        rx.el.div(source, class_name="srcs"),
        class_name="ans",
    )
    send = rx.el.span(icon("send"), class_name="btn p i s")
    close = rx.el.span(icon("x"), class_name="i3")
    return rx.el.div(
        rx.el.div(emblem("csa", 20), rx.el.span("Ask us", class_name="semi sm grow"), close, class_name="row"),
        rx.el.div(rx.el.div("Can I return an opened item?", class_name="me"), answer, class_name="col g4 sm"),
        rx.el.div(rx.el.span("Ask a question", class_name="grow i3 sm"), send, class_name="row ask"),
        class_name="wdg",
        aria_hidden="true",
    )


def _slip() -> rx.Component:
    head = rx.el.div(rx.el.span("Receipt"), rx.el.span("settled", class_name="i3"), class_name="row between")
    price = leaders(("Quoted", "1 credit"), ("Held", "1 credit"), ("Charged", "1 credit"), ("Released", "0 credits"))
    work = leaders(("Sources", "1"), ("Failed steps", "0"))
    return rx.el.div(rx.el.div(head, rx.el.hr(), price, rx.el.hr(), work, class_name="slip"), class_name="slipw", aria_hidden="true")


def road() -> rx.Component:
    steps = [
        rx.el.li(rx.el.span(class_name="mark", aria_hidden="true"), rx.el.h3(name, class_name="t0"), rx.el.p(words, class_name="sm i2"))
        for name, words in STEPS
    ]
    minutes = rx.el.div(rx.el.span("0 min"), rx.el.span("5 min"), class_name="row between xs i3 num only-d minutes")
    return section("From the shelf to your site", rx.el.div(minutes, rx.el.ol(*steps, class_name="ruler")))


def on_the_shelf() -> rx.Component:
    agents = [
        family(p.name, p.summary, p.emblem, routes.product(p.slug), *[(v.name, str(v.price)) for v in p.variants])
        for p in shelf.SHELF
        if p.is_agent
    ]
    packs = [(v.name, str(v.price)) for p in shelf.SHELF if not p.is_agent for v in p.variants]
    words = "Agents run on credits. Packs never expire and work for every agent you own."
    cards = rx.el.div(*agents, family("Credit packs", words, "credits", routes.CREDIT_PACKS, *packs), class_name="cols3")
    count = sum(len(p.variants) for p in shelf.SHELF)
    more = link(f"See all {count} products", href=routes.MARKETPLACE, class_name="sm med link")
    return section("On the shelf", cards, beside=more)


def charge_rules() -> rx.Component:
    said = rx.el.div(
        rx.el.h2("You see the price before the run and the receipt after it", class_name="t3"),
        rx.el.p(
            "Each run is quoted, held and settled on a ledger you can read line by line. "
            "These rules are part of the listing, and the system enforces them.",
            class_name="i2",
        ),
        rx.el.p(link("Read the charge rules", href=f"{routes.product(FIRST_AGENT.slug)}#cost", class_name="link med sm")),
        class_name="sp5 col g6",
    )
    rows = [rx.el.tr(rx.el.td(case), rx.el.td(pays, class_name=f"n{tone}")) for case, pays, tone in RULES]
    head = rx.el.thead(rx.el.tr(rx.el.th("What happens", scope="col"), rx.el.th("You pay", scope="col", class_name="n")))
    caption = rx.el.caption("What a run costs in each case", class_name="vh")
    table = rx.el.div(rx.el.table(caption, head, rx.el.tbody(*rows), class_name="tbl rules"), class_name="sp6")
    dark = {"data-theme": "dark"}
    return rx.el.section(rx.el.div(said, table, class_name="wrap g12 rows48"), class_name="sec", custom_attrs=dark)


def promises() -> rx.Component:
    held = [
        rx.el.div(rx.el.h3(name, class_name="t0"), rx.el.p(words, class_name="sm i2"), class_name="col g2 hold") for name, words in PROMISES
    ]
    return section("What you can hold us to", rx.el.div(*held, class_name="cols4"))


def last_word() -> rx.Component:
    said = rx.el.div(
        rx.el.h2("Start with one question", class_name="t3"),
        rx.el.p("Ask an agent about a sample document. If you like the answer, buy it.", class_name="i2"),
        class_name="col g2",
    )
    inner = rx.el.div(said, link_button("Try an agent", href=TRY, size="l"), class_name="wrap row between wrapx g6")
    return rx.el.section(inner, class_name="sec line")


def section(title: str, *children: rx.Component, beside: rx.Component | None = None) -> rx.Component:
    head = rx.el.h2(title, class_name="t3")
    top = rx.el.div(head, beside, class_name="row between base wrapx") if beside else head
    return rx.el.section(rx.el.div(top, *children, class_name="wrap col g10"), class_name="sec line")


PAGE = Page(
    routes.HOME,
    "CMP: AI agents for your website",
    landing,
    description=(
        "Buy an AI agent, add your documents, paste one line: it answers on your website, with sources and a receipt for each answer."
    ),
    on_load=ON_LOAD,
    indexed=True,
)
