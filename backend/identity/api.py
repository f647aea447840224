"""Sign-in over HTTP: plain forms that work before any script does, and JSON for programs."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from backend.doors import Who, same_origin
from backend.identity import forms
from backend.identity.policy import local_path
from backend.identity.ports import Proven, Registrar
from backend.identity.schemas import AccountOut, Credentials, Registration
from backend.identity.sessions import COOKIE, Sessions
from backend.identity.sign_in import SignIn
from backend.identity.verification import EmailVerification
from backend.kernel.caller import Caller
from backend.kernel.errors import DomainError, Forbidden
from backend.problem import problem
from backend.settings import Settings

SIGN_IN, REGISTER = "/signin", "/register"
_ONWARD: dict[int | str, dict[str, Any]] = {303: {"description": "To a form: onward, or back to its page with the error's code."}}


class Auth:
    """The handlers. Each answers a form with a redirect and JSON with JSON."""

    def __init__(
        self,
        registrar: Registrar,
        sign_in: SignIn,
        sessions: Sessions,
        verification: EmailVerification,
        settings: Settings,
        *,
        proven: Proven | None = None,
    ) -> None:
        """proven: told of each account whose e-mail address has just been proven."""
        self._registrar, self._sign_in, self._sessions = registrar, sign_in, sessions
        self._verification, self._settings, self._proven = verification, settings, proven

    async def register(self, request: Request) -> Response:
        """Make an account with its own workspace, sign it in, and mail a link that proves the address."""
        _same_site(request)
        sent = Registration(email="", password="")
        try:
            sent = await forms.read(request, Registration)
            await self._sign_in.pace(_address(request))
            account = await self._registrar.register(sent.email, sent.password, sent.name)
            token = await self._token(request, sent)
        except DomainError as error:
            return _refused(request, REGISTER, error, sent)
        if forms.is_form(request):
            response: Response = forms.onward(sent.next)
        else:
            response = JSONResponse(AccountOut.of(account).model_dump(), 201)
        forms.remember(response, token, self._settings)
        return response

    async def login(self, request: Request) -> Response:
        """Sign in with e-mail and password. Any session the browser had before ends."""
        _same_site(request)
        sent = Credentials(email="", password="")
        try:
            sent = await forms.read(request, Credentials)
            token = await self._token(request, sent)
        except DomainError as error:
            return _refused(request, SIGN_IN, error, sent)
        response = forms.onward(sent.next) if forms.is_form(request) else Response(status_code=204)
        forms.remember(response, token, self._settings)
        return response

    async def logout(self, request: Request) -> Response:
        """End the session here, in the browser and in the database. Safe to repeat."""
        _same_site(request)
        if token := request.cookies.get(COOKIE):
            await self._sessions.close(token)
        response = RedirectResponse("/", 303)
        forms.forget(response, self._settings)
        return response

    async def verify(self, token: str = "") -> Response:
        """The link from the mail."""
        try:
            account = await self._verification.confirm(token)
            if self._proven is not None:
                await self._proven(account)
        except DomainError as error:
            return RedirectResponse(f"{SIGN_IN}?{urlencode({'error': error.code})}", 303)
        return RedirectResponse(f"{SIGN_IN}?verified=1", 303)

    async def send_link(self, request: Request, caller: Caller) -> Response:
        """Another mail with a link, for a signed-in person whose address is not proven yet."""
        if caller.account_id is None:
            raise Forbidden("Only a person can prove an address.")
        await self._verification.again(caller.account_id)
        return forms.onward(str((await request.form()).get("next", ""))) if forms.is_form(request) else Response(status_code=202)

    async def _token(self, request: Request, sent: Credentials) -> str:
        address = _address(request)
        agent, before = request.headers.get("user-agent", ""), request.cookies.get(COOKIE, "")
        return await self._sign_in(sent.email, sent.password, address=address, user_agent=agent, replacing=before)


def routes(auth: Auth, who: Who) -> APIRouter:
    router = APIRouter(prefix="/auth", tags=["sign-in"])
    anyone = [Depends(who.public)]
    new: dict[str, Any] = {"openapi_extra": _body(Registration), "responses": _ONWARD, "dependencies": anyone}
    known: dict[str, Any] = {"openapi_extra": _body(Credentials), "responses": _ONWARD, "dependencies": anyone}
    router.post("/register", status_code=201, response_model=AccountOut, **new)(auth.register)
    router.post("/login", status_code=204, response_class=Response, **known)(auth.login)
    router.post("/logout", dependencies=anyone, status_code=303, response_class=RedirectResponse)(auth.logout)
    router.get("/verify", dependencies=anyone, status_code=303, response_class=RedirectResponse)(auth.verify)

    @router.get("/login", dependencies=anyone, status_code=303, response_class=RedirectResponse)
    async def sign_in_page(next: str = "") -> Response:  # noqa: A002 (the query parameter's public name)
        """To the page with the form."""
        wanted = local_path(next, "")
        return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': wanted})}" if wanted else SIGN_IN, 303)

    @router.post("/verify", status_code=202, response_class=Response)
    async def send_link(request: Request, caller: Annotated[Caller, Depends(who.person)]) -> Response:
        """Mail another link that proves the address, if it is not proven yet."""
        return await auth.send_link(request, caller)

    return router


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _same_site(request: Request) -> None:
    if not same_origin(request):
        raise Forbidden("This form was sent from another site.", code="foreign_origin")


def _refused(request: Request, page: str, error: DomainError, sent: Credentials) -> Response:
    return forms.back(page, error, sent.next, sent.email) if forms.is_form(request) else problem(error)


def _body(schema: type[Credentials]) -> dict[str, object]:
    """For the API's documentation: the body is read by hand, because a form and JSON come to the same route."""
    described = {"schema": schema.model_json_schema()}
    return {"requestBody": {"required": True, "content": {"application/json": described, "application/x-www-form-urlencoded": described}}}
