"""Mail as it leaves us: files that any mail program opens, and SMTP as a server hears it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Invalid, Unavailable, UpstreamFailed
from backend.mail import FolderMailer, Mail, SmtpMailer, mailer
from backend.settings import Settings

SENDER = "CMP <no-reply@market.example>"
MAIL = Mail("buyer@example.com", "Your order 7 is ready – open it", "Grüße.\n\nhttps://market.example/orders/ord_1\n", "<p>Grüße.</p>")


@dataclass
class Server:
    """A mail server that speaks enough SMTP. answers: its reply to a command's first word, in place of the usual one."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    letters: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode().rstrip():
            self.heard.append(line)
            word = line.split()[0].upper()
            usual = {"EHLO": "250 here", "DATA": "354 go on", "QUIT": "221 bye"}.get(word, "250 ok")
            answer = self.answers.get(word, usual)
            writer.write(f"{answer}\r\n".encode())
            if answer.startswith("354"):
                self.letters.append(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 taken\r\n")
            if word == "QUIT":
                break
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


def read(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def test_a_mail_becomes_one_eml_file_with_both_bodies(tmp_path: Path, clock: FrozenClock) -> None:
    await FolderMailer(tmp_path / "mail", sender=SENDER, clock=clock).send(MAIL, key="ord_1:ready")
    (path,) = (tmp_path / "mail").iterdir()
    letter = read(path.read_bytes())
    assert (path.suffix, letter["To"], letter["From"], letter["Subject"]) == (".eml", MAIL.to, SENDER, MAIL.subject)
    assert letter["Date"] == "Sun, 22 Nov 2026 12:00:00 +0000"
    bodies = {kind: letter.get_body((kind,)) for kind in ("plain", "html")}
    assert {kind: body.get_content().replace("\r\n", "\n").strip() for kind, body in bodies.items() if body} == {
        "plain": MAIL.text.strip(),
        "html": MAIL.html,
    }


async def test_the_same_key_again_leaves_one_file_and_another_key_two(tmp_path: Path, clock: FrozenClock) -> None:
    folder = FolderMailer(tmp_path, sender=SENDER, clock=clock)
    for key in ("a", "a", "b"):
        await folder.send(MAIL, key=key)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("to", ["", "nobody", "a@b, c@d", "a@b\nBcc: c@d", "Name <a@b>", "a b@c.d", "@example.com"])
async def test_what_is_not_one_plain_address_is_refused(tmp_path: Path, clock: FrozenClock, to: str) -> None:
    with pytest.raises(Invalid) as caught:
        await FolderMailer(tmp_path, sender=SENDER, clock=clock).send(Mail(to, "x", "y"), key="k")
    assert caught.value.fields
    assert list(tmp_path.iterdir()) == []


async def test_a_subject_cannot_add_headers(tmp_path: Path, clock: FrozenClock) -> None:
    await FolderMailer(tmp_path, sender=SENDER, clock=clock).send(Mail("a@example.com", "Hello\r\nBcc: b@example.com", "y"), key="k")
    letter = read(next(tmp_path.iterdir()).read_bytes())
    assert (letter["Bcc"], letter["Subject"]) == (None, "Hello Bcc: b@example.com")


async def test_a_mail_is_handed_to_the_mail_server_with_a_message_id_that_its_key_names(server: Server, clock: FrozenClock) -> None:
    post = SmtpMailer(f"smtp://127.0.0.1:{server.port}", sender=SENDER, clock=clock)
    await post.send(MAIL, key="k")
    await post.send(MAIL, key="k")
    letters = [read(letter) for letter in server.letters]
    assert [letter["To"] for letter in letters] == [MAIL.to] * 2
    assert letters[0]["Message-ID"] == letters[1]["Message-ID"]
    assert re.fullmatch(r"<[0-9a-f]{32}@market\.example>", letters[0]["Message-ID"])
    assert any(line.lower() == "mail from:<no-reply@market.example>" for line in server.heard)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"MAIL": "451 later"}, Unavailable),
        ({"RCPT": "450 mailbox busy"}, Unavailable),
        ({"RCPT": "550 no such mailbox"}, UpstreamFailed),
        ({"DATA": "554 no"}, UpstreamFailed),
    ],
)
async def test_a_refusal_for_now_is_worth_another_try_and_one_for_good_is_not(
    server: Server, clock: FrozenClock, answers: dict[str, str], error: type[Exception]
) -> None:
    server.answers = answers
    with pytest.raises(error):
        await SmtpMailer(f"smtp://127.0.0.1:{server.port}", sender=SENDER, clock=clock).send(MAIL, key="k")


async def test_a_mail_server_that_is_not_there_is_worth_another_try(server: Server, clock: FrozenClock, unused_tcp_port: int) -> None:
    with pytest.raises(Unavailable):
        await SmtpMailer(f"smtp://127.0.0.1:{unused_tcp_port}", sender=SENDER, clock=clock).send(MAIL, key="k")


@pytest.mark.parametrize("url", ["mail.example.com", "http://mail.example.com", "smtp://"])
def test_a_url_that_names_no_mail_server_is_refused_at_once(url: str, clock: FrozenClock) -> None:
    with pytest.raises(ValueError, match="CMP_SMTP_URL"):
        SmtpMailer(url, sender=SENDER, clock=clock)


def test_the_setting_chooses_between_the_folder_and_smtp(settings: Settings, clock: FrozenClock) -> None:
    assert isinstance(mailer(settings, clock), FolderMailer)
    assert isinstance(mailer(settings.model_copy(update={"smtp_url": "smtp://mail.example.com"}), clock), SmtpMailer)
