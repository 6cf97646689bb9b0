"""Where messages go: a file, a webhook, a mail."""

from __future__ import annotations

import hashlib
import hmac
import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from app.sinks import SIGNATURE, Message, send
from lineage.errors import InvalidName


class TestSinks:
    """Where messages go."""

    MESSAGE = Message("notice", "checkout", "subject\r\nBcc: evil@example.org", "body\n.\nmore")

    def test_a_file_gets_a_line_a_message(self, tmp_path: Path) -> None:
        """Lines are added to what is there."""
        for _ in range(2):
            send(self.MESSAGE, str(tmp_path / "out.jsonl"))
        lines = (tmp_path / "out.jsonl").read_text().splitlines()
        assert [json.loads(line)["team"] for line in lines] == ["checkout"] * 2

    def test_a_webhook_can_check_who_sent_it(self) -> None:
        """The signature is the HMAC of the very bytes of the body."""
        got: list[tuple[bytes, str]] = []

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got.append((body, self.headers[SIGNATURE]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        with HTTPServer(("127.0.0.1", 0), Hook) as server:
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            send(self.MESSAGE, f"http://127.0.0.1:{server.server_port}/x", b"k" * 16)
            thread.join()
        ((body, signature),) = got
        assert json.loads(body)["kind"] == "notice"
        assert signature == f"sha256={hmac.new(b'k' * 16, body, hashlib.sha256).hexdigest()}"

    def test_a_mail_has_one_subject_and_one_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A name cannot add a header or end the message early."""
        lines: list[str] = []

        class Smtp(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 hello\r\n")
                data = False
                for line in (raw.decode().rstrip("\r\n") for raw in self.rfile):
                    lines.append(line)
                    if data:
                        data = line != "."
                        if not data:
                            self.wfile.write(b"250 ok\r\n")
                    elif line.upper().startswith("DATA"):
                        data = True
                        self.wfile.write(b"354 go\r\n")
                    elif line.upper().startswith("QUIT"):
                        self.wfile.write(b"221 bye\r\n")
                        return
                    else:
                        self.wfile.write(b"250 ok\r\n")

        with socketserver.TCPServer(("127.0.0.1", 0), Smtp) as server:
            monkeypatch.setenv("LINEAGE_SMTP", f"127.0.0.1:{server.server_address[1]}")
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            send(self.MESSAGE, "mailto:team@example.org")
            thread.join()
        assert [line for line in lines if line.startswith("Subject:")] == [
            "Subject: subject Bcc: evil@example.org"
        ]
        assert not [line for line in lines if line.startswith("Bcc:")]
        assert [line for line in lines if line.upper().startswith("RCPT")] == [
            "rcpt TO:<team@example.org>"
        ]
        assert "more" in lines

    @pytest.mark.parametrize("to", ["ftp://x/y", "http://example.org/hook", "mailto:a@example.org"])
    def test_what_is_no_sink(self, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """An unknown scheme, a hook in clear, and a mail without a server are refused."""
        monkeypatch.delenv("LINEAGE_SMTP", raising=False)
        with pytest.raises(InvalidName):
            send(self.MESSAGE, to)
