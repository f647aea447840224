"""The sign-in and register pages: what the address says after a form was refused. The forms themselves go to /auth, so that the
session's cookie is set by HTTP and no script ever sees it."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.state.session import public

ERRORS = {
    "wrong_credentials": "The e-mail or the password is not right. Nothing was changed.",
    "email_taken": "An account with this e-mail exists already. Sign in instead.",
    "rate_limited": "Too many attempts from here. Wait a minute, then try again.",
    "link_invalid": "This link does not work any more. Sign in and ask for a new one.",
    "foreign_origin": "The form was sent from another site. Use this one.",
}
FIELD_ERRORS = {
    "email": "Write the e-mail like name@company.com.",
    "password": "Use at least 10 characters; a few unrelated words make a good password. It cannot be your e-mail address.",
}


class Entry(rx.State):
    email: str = ""
    next: str = ""
    error: str = ""
    email_error: str = ""
    password_error: str = ""
    verified: bool = False
    to_register: str = routes.REGISTER
    to_sign_in: str = routes.SIGN_IN

    @rx.event
    @public
    async def look(self) -> None:
        asked = self.router.url.query_parameters
        code, field = str(asked.get("error", "")), str(asked.get("field", ""))
        self.email, self.next = str(asked.get("email", ""))[:254], str(asked.get("next", ""))[:500]
        self.email_error = FIELD_ERRORS["email"] if code == "invalid" and field == "email" else ""
        self.password_error = FIELD_ERRORS["password"] if code == "invalid" and field == "password" else ""
        shown = self.email_error or self.password_error
        self.error = "" if not code or shown else ERRORS.get(code, "That did not work. Check what you typed, then try again.")
        self.verified = asked.get("verified") == "1"
        self.to_register = routes.with_query(routes.REGISTER, next=self.next)
        self.to_sign_in = routes.sign_in(self.next)
