"""The marketplace: every variant on sale, searched, filtered and sorted by the address."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import button, checkbox, closer, dialog, empty, icon_button, note, opener
from cmp_web.components.icons import icon
from cmp_web.components.shelf import card, pages
from cmp_web.layouts.store import ON_LOAD, shell
from cmp_web.pages.page import Page
from cmp_web.state.browse import SORTS
from cmp_web.state.cart import CartBadge
from cmp_web.state.market import Market


def marketplace() -> rx.Component:
    head = rx.el.div(
        rx.el.h1("Marketplace", class_name="t3"),
        rx.el.p("Agents you can try before you buy, and the credits they run on.", class_name="i2"),
        class_name="col g2 mhead",
    )
    rail = rx.el.aside(filters("d"), class_name="only-d rail", aria_label="Filters")
    grid = rx.el.div(rail, rx.el.div(search(), found(), class_name="col g6"), class_name="mgrid", aria_busy=Market.busy)
    return shell(rx.el.div(head, grid, sheet(), class_name="wrap opening"), here=routes.MARKETPLACE)


def search() -> rx.Component:
    box = rx.el.input(
        id="q",
        name="q",
        type="search",
        class_name="inp",
        placeholder="Search agents and packs",
        default_value=Market.q,
        on_change=Market.search.debounce(250),
        auto_complete="off",
    )
    label = rx.el.label("Search the marketplace", html_for="q", class_name="vh")
    narrow = opener("filters", button(icon("filter"), "Filter", kind="o only-m"))
    words = rx.el.div(icon("search"), label, box, class_name="inwrap grow")
    return rx.el.form(words, narrow, sort_select("sort", "only-d"), class_name="row g3", role="search", on_submit=Market.submit)


def sort_select(name: str, where: str) -> rx.Component:
    choices = [rx.el.option(words, value=value) for value, words in SORTS.items()]
    chosen = rx.el.select(*choices, id=name, name=name, value=Market.sort, on_change=Market.order_by, class_name="inp sortsel")
    return rx.el.span(rx.el.label("Sort", html_for=name, class_name="vh"), chosen, class_name=where)


def found() -> rx.Component:
    count = rx.el.div(
        rx.el.span(Market.said, aria_live="polite", class_name="num"),
        rx.el.span("Prices in ", Market.currency, class_name="only-d"),
        class_name="row between xs i3 count",
    )
    none = empty(
        "search",
        "Nothing matches",
        "No product has all of this. Take away a filter, or search for another word.",
        button("Clear search and filters", kind="o", size="s", on_click=Market.clear),
    )
    cards = rx.el.ul(rx.foreach(Market.cards, lambda item: rx.el.li(card(item, CartBadge.add))), class_name="pgrid")
    shown = rx.cond(Market.cards.length() > 0, cards, none)
    return rx.el.div(count, *said(), shown, pages(Market.pages), class_name="col g6")


def said() -> list[rx.Component]:
    """What there is to say: of the shop, of the address, of a cart that was refused."""
    notes = [
        (Market.note, note(Market.note, tone="wa", sign="clock", role="status")),
        (Market.unknown, note(Market.unknown, role="status")),
        (CartBadge.failed, note(CartBadge.failed, tone="ba", sign="alert", role="alert")),
    ]
    return [rx.cond(words != "", shown, rx.fragment()) for words, shown in notes]


def filters(where: str) -> rx.Component:
    """The facets, once in the rail and once in the phone's sheet; `where` keeps their ids apart."""
    return rx.el.div(rx.foreach(Market.facets, facet), prices(where), class_name="col g6")


def facet(shown: rx.Var) -> rx.Component:
    options = rx.foreach(
        shown.options,
        lambda o: checkbox(
            o.label, rx.el.span(o.count, class_name="cnt"), checked=o.on, on_change=lambda _: Market.toggle(o.facet, o.value)
        ),
    )
    return rx.el.fieldset(rx.el.legend(shown.title, class_name="lab legend"), options, class_name="facet")


def prices(where: str) -> rx.Component:
    def edge(name: str, words: str, value: rx.Var, handler: rx.EventHandler, example: str) -> rx.Component:
        field = rx.el.input(
            id=f"{where}-{name}",
            class_name="inp s num",
            input_mode="decimal",
            placeholder=example,
            default_value=value,
            on_blur=handler,
            key=value,
        )
        return rx.fragment(rx.el.label(words, html_for=f"{where}-{name}", class_name="vh"), field)

    row = rx.el.div(
        edge("min", "From", Market.low, Market.price_from, "10"),
        rx.el.span("to", class_name="xs i3"),
        edge("max", "To", Market.high, Market.price_to, "80"),
        class_name="row",
    )
    wrong = rx.cond(Market.price_error != "", rx.el.p(icon("alert"), Market.price_error, class_name="err", role="alert"), rx.fragment())
    return rx.el.fieldset(rx.el.legend("Price, ", Market.currency, class_name="lab legend"), row, wrong)


def sheet() -> rx.Component:
    """The phone's filters."""
    head = rx.el.div(rx.el.h2("Filter", class_name="t0"), closer(icon_button("x", "Close", size="s")), class_name="row between hd")
    order = rx.el.div(rx.el.span("Sort", class_name="lab legend"), sort_select("sort-phone", ""), class_name="col g2")
    clear = button("Clear", kind="q", on_click=Market.clear)
    done = closer(button("Show ", Market.said, kind="p grow"))
    body = rx.el.div(filters("m"), order, class_name="col g6 bd")
    return dialog("filters", head, body, rx.el.div(clear, done, class_name="row ft"), class_name="sheet", aria_label="Filter")


PAGE = Page(
    routes.MARKETPLACE,
    "Marketplace · CMP",
    marketplace,
    description="AI agents you can try before you buy, and the credits they run on: prices, what a run costs, what is included.",
    on_load=(*ON_LOAD, Market.load),
    indexed=True,
)
