"""The one way out: an HTTP POST to a stranger's address, over a connection that can only lead to the public internet.

The address is checked where the socket is made, on the very value it then connects to. So it does not matter how the name was written, what
it resolved to a moment ago, or whether it is a name at all.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from time import monotonic

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.connector import AddrInfoType
from yarl import URL

from backend import __version__
from backend.webhooks.addresses import is_public
from backend.webhooks.policy import cleaned
from backend.webhooks.views import Answer

TIMEOUT = 15.0
"""Seconds for one attempt, from the name to the last byte."""
_READ = 2048
"""Bytes of an answer that are read; the rest is left."""
NOT_PUBLIC = "The address does not lead to the public internet."


class NotPublic(OSError):
    """Raised instead of making a socket."""


class Courier:
    """private: local development, where every address may be called. The other arguments are for tests: which addresses are public, how
    names resolve, whose certificates count. Belongs to one event loop."""

    def __init__(
        self,
        *,
        private: bool = False,
        public: Callable[[str], bool] = is_public,
        resolver: AbstractResolver | None = None,
        trust: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._private, self._public, self._resolver, self._trust = private, public, resolver, trust
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One attempt. A redirect is an answer like any other: it is not followed."""
        begun = monotonic()
        sent = {**headers, "content-type": "application/json", "user-agent": f"CMP-Webhooks/{__version__}", "accept-encoding": "identity"}
        code, snippet, error, wait = None, "", "", 0
        try:
            async with self._open().post(URL(url, encoded=True), data=body, headers=sent, allow_redirects=False) as response:
                code, wait = response.status, _wait(response)
                snippet = await _beginning(response)
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            # An answer whose body stays away is an answer.
            error = "" if code is not None else self._words(fault)
        return Answer(code, snippet, error, round((monotonic() - begun) * 1000), wait)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                ssl=self._trust or True,
                resolver=self._resolver,
                use_dns_cache=False,
                # A connection kept open may be closed by the other side just when it is used again, and a POST is not repeated.
                force_close=True,
                limit=0,
                socket_factory=self._socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    def _socket(self, address: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = address
        if not self._private and not self._public(str(where[0])):
            raise NotPublic(NOT_PUBLIC)
        return socket.socket(family, kind, protocol)

    def _words(self, fault: Exception) -> str:
        """Why there was no answer, in words the endpoint's owner can act on. They tell nothing of our own network."""
        if isinstance(fault, TimeoutError):
            return f"No answer within {self._timeout:g} seconds."
        if isinstance(fault, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError | ssl.SSLError):
            return "No TLS connection could be made: check the certificate and its name."
        if isinstance(fault, aiohttp.ClientConnectorDNSError):
            return "The host name cannot be found."
        if isinstance(fault, aiohttp.ClientConnectorError):
            return NOT_PUBLIC if NOT_PUBLIC in str(fault.os_error) else "No connection could be made."
        if isinstance(fault, aiohttp.InvalidURL):
            return "The address cannot be used."
        return "The connection broke before an answer came."


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """What the answer begins with. What comes after it is never read."""
    read = bytearray()
    while len(read) < _READ and (more := await response.content.read(_READ - len(read))):
        read += more
    if not response.content.at_eof():
        response.close()
    return cleaned(read.decode("utf-8", "replace"))


def _wait(response: aiohttp.ClientResponse) -> int:
    """Whole seconds of `Retry-After`, 0 without one."""
    said = response.headers.get("retry-after", "") if response.status in {429, 503} else ""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 8 else 0
