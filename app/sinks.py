"""Where a message goes: a file, a webhook with a signed body, or an e-mail."""

from __future__ import annotations

import hashlib
import hmac
import os
import smtplib
import ssl
import urllib.error
import urllib.request
from email.message import EmailMessage
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from lineage.errors import InvalidName, StoreUnavailable
from lineage.names import clean

SIGNATURE: Final = "X-Lineage-Signature-256"
_TIMEOUT_S: Final = 20
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Message(msgspec.Struct, frozen=True):
    """What is sent. team: to whom; kind: what it is about, for programs."""

    kind: str
    team: str
    subject: str
    body: str


def send(message: Message, to: str, key: bytes | None = None) -> None:
    """Sends a message to `FILE`, `https://…` or `mailto:ADDRESS`.

    A file gets one more JSON line. A webhook gets JSON, with a key also the HMAC-SHA-256 of the
    body as `X-Lineage-Signature-256: sha256=…`. An e-mail goes to the server of `LINEAGE_SMTP`
    (`host:port`, `smtp+tls://user@host:587`; the password is in `LINEAGE_SMTP_PASSWORD`).

    Raises:
        StoreUnavailable: it was not taken.
        InvalidName: there is no such sink, or the mail server is not said.
    """
    if to.startswith(("https://", "http://")):
        _post(message, to, key)
    elif to.startswith("mailto:"):
        _mail(message, to.removeprefix("mailto:"))
    elif "://" in to:
        raise InvalidName(f"{to!r} is no sink: name a file, https://… or mailto:ADDRESS")
    else:
        _append(message, Path(to.removeprefix("file:")))


def signature(body: bytes, key: bytes) -> str:
    """The signature of a body, as the header says it."""
    return f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"


def _append(message: Message, path: Path) -> None:
    try:
        with path.open("ab") as file:
            file.write(msgspec.json.encode(message) + b"\n")
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}; nothing was written") from error


def _post(message: Message, url: str, key: bytes | None) -> None:
    parsed = urlsplit(url)
    if parsed.scheme == "http" and parsed.hostname not in _LOCAL:
        raise InvalidName(f"{url}: names of teams do not travel in clear; use https://")
    body = msgspec.json.encode(message)
    headers = {"Content-Type": "application/json", "User-Agent": "lineage-usage"}
    if key:
        headers[SIGNATURE] = signature(body, key)
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            answer.read()
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        # The path of a webhook is often its secret.
        raise StoreUnavailable(
            f"{parsed.scheme}://{parsed.hostname} did not take it: {error}"
        ) from None


def _mail(message: Message, address: str) -> None:
    server = os.environ.get("LINEAGE_SMTP", "")
    if not server:
        raise InvalidName("no mail server: set LINEAGE_SMTP, for example smtp.example.org:587")
    parsed = urlsplit(server if "://" in server else f"smtp://{server}")
    mail = EmailMessage()
    mail["From"] = os.environ.get("LINEAGE_MAIL_FROM", f"lineage@{parsed.hostname}")
    mail["To"] = clean(address)
    mail["Subject"] = clean(message.subject)
    mail.set_content(message.body)
    try:
        with smtplib.SMTP(parsed.hostname or "", parsed.port or 25, timeout=_TIMEOUT_S) as smtp:
            if parsed.scheme == "smtp+tls":
                smtp.starttls(context=ssl.create_default_context())
            if parsed.username:
                smtp.login(parsed.username, os.environ.get("LINEAGE_SMTP_PASSWORD", ""))
            smtp.send_message(mail)
    except (smtplib.SMTPException, OSError) as error:
        raise StoreUnavailable(f"{parsed.hostname} did not take the mail: {error}") from error
