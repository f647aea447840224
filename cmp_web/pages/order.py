"""An order: what happened to it so far, watched live, and what it cost."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import button, failure, leader, link_button, note
from cmp_web.components.icons import icon
from cmp_web.layouts.store import ON_LOAD, shell
from cmp_web.pages.missing import not_found
from cmp_web.pages.page import Page
from cmp_web.state.order import Order


def order() -> rx.Component:
    known = Order.order.ref != ""
    broken = failure("The order could not be loaded", Order.failed, button("Try again", kind="o", size="s", on_click=Order.load))
    full = rx.el.div(head(), rx.el.div(timeline(), beside(), class_name="ogrid"), class_name="wrap opening")
    lines = [rx.el.span(class_name=f"sk {kind}") for kind in ("w3 t", "w1", "w2", "w1", "w2")]
    coming = rx.el.div(*lines, class_name="card pad col g5", role="status", aria_label="Loading the order")
    other = rx.el.div(rx.cond(Order.failed != "", broken, coming), class_name="wrap opening")
    return shell(rx.cond(Order.missing, unknown(), rx.cond(known, full, other)))


def unknown() -> rx.Component:
    """Also for an order of somebody else: whether it exists is not said."""
    words = "An order is shown in the browser that bought it, and to members of the workspace it belongs to. Yours may need you to sign in."
    hint = rx.el.div(note(words, " ", rx.el.a("Sign in", href=Order.sign_in, class_name="link med")), class_name="wrap opening measure")
    return rx.fragment(not_found(), hint)


def head() -> rx.Component:
    shown = Order.order
    where = rx.el.p(
        rx.el.span("Order ", shown.number, class_name="num"),
        rx.el.span("·", class_name="i3"),
        rx.el.span(shown.day),
        class_name="row sm i2",
    )
    said = rx.el.div(where, rx.el.h1(shown.heading, class_name="t3"), rx.el.p(shown.lead, class_name="lead"), class_name="col g2")
    return rx.el.div(said, rx.el.div(acts(), class_name="row wrapx"), class_name="ohead")


def acts() -> rx.Component:
    shown = Order.order
    agent = link_button("Open the agent", href=f"{routes.APP_AGENTS}/" + shown.agent)
    credits_ = link_button("See your credits", href=routes.APP_CREDITS)
    claim = rx.fragment(link_button("Create an account", href=Order.register), link_button("Sign in", href=Order.sign_in, kind="o"))
    ready = rx.cond(Order.member, rx.cond(shown.agent != "", agent, credits_), link_button("Sign in to open it", href=Order.sign_in))
    return rx.cond(shown.claimable, claim, rx.cond(shown.status == "ready", ready, rx.fragment()))


def timeline() -> rx.Component:
    live = rx.el.span(rx.el.i(class_name="dot live"), "Updates by itself", class_name="xs i2 row", role="status")
    top = rx.el.div(
        rx.el.h2("Timeline", class_name="t1", id="tl-h"), rx.cond(Order.order.open, live, rx.fragment()), class_name="row between tlhead"
    )
    placed = rx.cond((Order.order.status == "ready") & (Order.order.agent != ""), last_step(), rx.fragment())
    stages = rx.el.ol(rx.foreach(Order.order.stages, stage), placed, class_name="tl", aria_live="polite")
    stuck = rx.cond((Order.order.stuck != "") & ~Order.order.claimable, note(Order.order.stuck, tone="wa", sign="alert"), rx.fragment())
    clock = rx.el.p("Times are UTC.", class_name="xs i3")
    return rx.el.section(top, rx.el.div(stages, stuck, clock, class_name="col g6"), class_name="card tlcard", aria_labelledby="tl-h")


def stage(item: rx.Var) -> rx.Component:
    mark = rx.match(
        item.status,
        ("done", icon("check")),
        ("stuck", icon("alert")),
        ("now", rx.el.span(class_name="spin")),
        rx.el.span(item.place),
    )
    when = rx.match(item.status, ("now", "now"), ("todo", ""), ("stuck", "waiting"), item.at)
    top = rx.el.div(
        rx.el.h3(item.title, class_name="t0"), rx.el.span(when, class_name="xs i3 num"), class_name="row between base wrapx stagerow"
    )
    words = rx.el.div(top, rx.el.p(item.note, class_name="sm i2"), class_name="col g1")
    return rx.el.li(rx.el.span(mark, class_name="pip"), words, class_name=item.status)


def last_step() -> rx.Component:
    """The one stage that is the buyer's own."""
    top = rx.el.div(
        rx.el.h3("On your site", class_name="t0"),
        rx.el.span("Your turn", class_name="xs go med"),
        class_name="row between base wrapx stagerow",
    )
    words = rx.el.p("Open the agent, add documents, then copy the line for your site from its Widget tab.", class_name="sm i2")
    mark = rx.el.span(icon("widget"), class_name="pip")
    return rx.el.li(mark, rx.el.div(top, words, class_name="col g1"), class_name="now")


def beside() -> rx.Component:
    safe = note(
        rx.el.strong("If a step gets stuck"),
        ", it is retried, and this page says so. Nothing is granted twice. You can close this page; the order keeps going.",
        sign="shield",
    )
    return rx.el.div(receipt(), brought(), safe, class_name="col g6")


def receipt() -> rx.Component:
    shown = Order.order

    def sum_(row: rx.Var) -> rx.Component:
        return leader(row.name, row.value)

    taxed = rx.el.p("Includes ", shown.tax, " tax.", class_name="xs i3 num")
    rows = rx.el.dl(
        rx.foreach(shown.lines, lambda line: leader(line.name, line.total)),
        rx.foreach(shown.sums, sum_),
        rx.el.div(rx.el.dt("Total"), rx.el.dd(shown.total), class_name="tot"),
        rx.foreach(shown.back, sum_),
        class_name="lead-l sm",
    )
    bill = rx.el.div(rows, rx.cond(shown.tax != "", taxed, rx.fragment()), class_name="col g2")
    paid = rx.cond(shown.paid != "", leader("Payment", shown.paid), rx.fragment())
    who = rx.el.dl(paid, leader("Order", shown.number), leader("Placed", shown.day), leader("E-mail", shown.email), class_name="lead-l sm")
    parts = [rx.el.h2("Receipt", class_name="t0", id="rec-h"), bill, rx.el.hr(class_name="hr"), who]
    return rx.el.section(*parts, class_name="card pad col g5", aria_labelledby="rec-h")


def brought() -> rx.Component:
    def line(item: rx.Var) -> rx.Component:
        return rx.el.li(rx.el.p(item.name, class_name="sm med"), rx.el.p(item.outcome, class_name="sm i2"), class_name="col")

    listed = rx.el.ul(rx.foreach(Order.order.lines, line), class_name="col g4")
    return rx.el.section(
        rx.el.h2("What it became", class_name="t0", id="got-h"), listed, class_name="card pad col g5", aria_labelledby="got-h"
    )


PAGE = Page(routes.ORDER, Order.title, order, on_load=(*ON_LOAD, Order.load))
