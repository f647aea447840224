"""What the workspace's chat adds to chat anywhere: numbered citations, quotes that open, the receipt's line with its link."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web.components.base import link, note
from cmp_web.components.chat import question


def cited_text(pieces: rx.Var) -> rx.Component:
    """Text with its `[n]` as chips."""
    return rx.foreach(
        pieces,
        lambda piece: rx.cond(
            piece.cite, rx.el.span(piece.text, class_name="cite", aria_label="Source " + piece.text), rx.el.span(piece.text)
        ),
    )


def turn(said: Any, receipts: str) -> rx.Component:
    """A message of either side. receipts: the page that shows a run, `?run=` after it."""
    return rx.cond(said.mine, question(rx.el.span(said.text, class_name="pre")), _answer(said, receipts))


def _answer(said: Any, receipts: str) -> rx.Component:
    words = rx.el.div(rx.el.p(cited_text(said.pieces), class_name="pre"), class_name="txt")
    sources = rx.el.div(rx.foreach(said.sources, lambda source: _source(source, said.id)), class_name="srcs")
    return rx.el.div(
        rx.cond(said.text != "", words, rx.fragment()),
        rx.cond(said.fault != "", note(said.fault, tone="wa", sign="alert"), rx.fragment()),
        rx.cond(said.sources.length() > 0, sources, rx.fragment()),
        rx.cond(said.receipt.length() > 0, _line(said, receipts), rx.fragment()),
        class_name="ans",
    )


def _source(source: Any, turn_id: rx.Var[str]) -> rx.Component:
    """A chip that opens the quoted words, in a popover of the browser's own."""
    name = "quote-" + turn_id + "-" + source.n.to_string()
    chip = rx.el.button(
        rx.el.span(source.n, class_name="cite"),
        rx.el.span(source.name, class_name="trunc"),
        rx.el.span(source.place, class_name="i3 nowrap"),
        type="button",
        class_name="src",
        custom_attrs={"popoverTarget": name},
    )
    head = rx.el.div(rx.el.span(source.name, class_name="med"), rx.el.span(source.place, class_name="i3"), class_name="row xs")
    quote = rx.el.div(
        head, rx.el.blockquote(source.quote, class_name="sm i2"), id=name, class_name="pop quoted", custom_attrs={"popover": "auto"}
    )
    return rx.fragment(chip, quote)


def _line(said: Any, receipts: str) -> rx.Component:
    parts = rx.foreach(said.receipt, rx.el.span)
    return rx.el.div(parts, rx.el.span(link("Receipt", href=receipts + "?run=" + said.run_id, class_name="link")), class_name="rline num")
