"""Sign in, and create an account: plain HTML forms that post to /auth, so they work before any script does."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.base import button, field, link, link_button, native_form, note, text_input
from cmp_web.components.emblems import emblem
from cmp_web.components.icons import icon
from cmp_web.layouts.store import skip
from cmp_web.pages.page import Page
from cmp_web.state.entry import Entry
from cmp_web.state.session import Session


def sign_in() -> rx.Component:
    other = rx.fragment("New here? ", link("Create an account", href=Entry.to_register, class_name="link"))
    fields = [mail(), password("current-password"), submit("Sign in")]
    words = (
        "Bought without an account? Sign in, then open the order’s page in the browser you bought with, and it appears in your workspace."
    )
    return split("Sign in to CMP", other, entry_form(routes.LOGIN, *fields), rx.el.p(words, class_name="xs i3"))


def register() -> rx.Component:
    other = rx.fragment("Have an account? ", link("Sign in", href=Entry.to_sign_in, class_name="link"))
    name = field("Name", text_input("name", auto_complete="name"), name="name", optional=True)
    hint = "At least 10 characters. A few unrelated words make a good one."
    fields = [mail(), name, password("new-password", hint), submit("Create account")]
    agreed = rx.el.p(
        "By creating an account you agree to the ",
        link("terms", href=routes.TERMS, class_name="link"),
        ". What we keep of you is in ",
        link("privacy", href=routes.PRIVACY, class_name="link"),
        ".",
        class_name="xs i3",
    )
    return split("Create an account", other, entry_form(routes.CREATE_ACCOUNT, *fields), agreed)


def split(title: str, other: rx.Component, form: rx.Component, below: rx.Component) -> rx.Component:
    top = rx.el.div(rx.el.h1(title, class_name="t2"), rx.el.p(other, class_name="i2 sm"), class_name="col g2")
    said = rx.cond(Entry.error != "", note(Entry.error, tone="ba", sign="alert", role="alert"), rx.fragment())
    anew = rx.fragment(top, said, proven("Your e-mail address is proven. Sign in to go on."), form, below)
    box = rx.el.div(mark(), rx.cond(Session.email != "", signed_in_already(), anew), class_name="sbox col g8")
    grid = rx.el.div(rx.el.div(box, class_name="scol"), rx.el.div(class_name="spat", aria_hidden="true"), class_name="sgrid")
    return rx.el.div(skip(), rx.el.main(grid, id="main"))


def proven(words: str) -> rx.Component:
    return rx.cond(Entry.verified, note(words, tone="go", sign="check", role="status"), rx.fragment())


def mark() -> rx.Component:
    return link(emblem("mark", 36), href=routes.HOME, aria_label="CMP, home", class_name="homemark")


def signed_in_already() -> rx.Component:
    said = rx.el.div(
        rx.el.h1("You are signed in", class_name="t2"),
        rx.el.p("As ", rx.el.strong(Session.email), ".", class_name="i2 sm"),
        class_name="col g2",
    )
    leave = native_form(button("Sign out", kind="o", type="submit", wide=True), action=routes.LOGOUT)
    return rx.fragment(
        said,
        proven("Your e-mail address is proven."),
        rx.el.div(link_button("Open your workspace", href=routes.APP, wide=True), leave, class_name="col g3"),
    )


def entry_form(action: str, *fields: rx.Component) -> rx.Component:
    onward = rx.el.input(type="hidden", name="next", value=Entry.next)
    return native_form(*fields, onward, action=action, class_name="col g4")


def mail() -> rx.Component:
    props = {"type": "email", "auto_complete": "username", "required": True, "default_value": Entry.email}
    return field("E-mail", text_input("email", error=Entry.email_error, **props), name="email", error=Entry.email_error)


def password(kind: str, hint: str = "") -> rx.Component:
    show = rx.el.button(
        icon("eye"), type="button", class_name="btn q i s", aria_label="Show password", custom_attrs={"data-reveal": "password"}
    )
    box = text_input("password", error=Entry.password_error, type="password", auto_complete=kind, required=True)
    return field("Password", rx.el.div(box, show, class_name="inwrap secret"), name="password", error=Entry.password_error, hint=hint)


def submit(words: str) -> rx.Component:
    return rx.el.button(words, type="submit", class_name="btn p w mt2")


ON_ENTRY = (Session.look, Entry.look)
PAGES = (
    Page(routes.SIGN_IN, "Sign in · CMP", sign_in, on_load=ON_ENTRY),
    Page(routes.REGISTER, "Create an account · CMP", register, on_load=ON_ENTRY),
)
