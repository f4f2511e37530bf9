"""The studio's server: on this machine only, for whoever was told the address, and nothing but the files of a `Site`.

A page from elsewhere that a browser has open may send requests here. It cannot know the token in the address; the names
in Host and Origin are checked beside it, so that no other name that leads to 127.0.0.1 passes (DNS rebinding).
"""

from __future__ import annotations

import hmac
import secrets
import sys
import webbrowser
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any

from .site import KINDS, Site, site

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
SECONDS = 20.0  # without a word from the other side, then a connection is closed


class Studio(ThreadingHTTPServer):
    """A server of these files on a free port of 127.0.0.1; `address` is what to open."""

    daemon_threads = True

    def __init__(self, files: Site) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.files = files
        self.token = secrets.token_urlsafe(24)
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}

    @property
    def address(self) -> str:
        """With the token, without which nothing is to be had."""
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that has gone, or somebody's nonsense, is nothing to report."""


class _Request(BaseHTTPRequestHandler):
    server: Studio
    timeout = SECONDS
    server_version, sys_version = "seqgen", ""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(whole=True)

    def do_HEAD(self) -> None:
        self._answer(whole=False)

    def _answer(self, *, whole: bool) -> None:
        name = self._name()
        if not isinstance(name, str):
            self.send_error(name)
            return
        content = self.server.files[name]
        data = content if isinstance(content, bytes) else content.read_bytes()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", KINDS[PurePosixPath(name).suffix])
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if whole:
            self.wfile.write(data)

    def _name(self) -> str | HTTPStatus:
        """Which file is asked for, or why there is none."""
        hosts, origins = self.headers.get_all("Host", []), self.headers.get_all("Origin", [])
        if len(hosts) != 1 or hosts[0] not in self.server.hosts:
            return HTTPStatus.FORBIDDEN
        if any(origin != f"http://{hosts[0]}" for origin in origins):
            return HTTPStatus.FORBIDDEN
        if self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return HTTPStatus.FORBIDDEN
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            return HTTPStatus.BAD_REQUEST
        root, token, name = [*self.path.split("/", 2), "", ""][:3]
        if root or not hmac.compare_digest(token.encode(), self.server.token.encode()):
            return HTTPStatus.FORBIDDEN
        name = name or "index.html"
        return name if name in self.server.files else HTTPStatus.NOT_FOUND

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A line, and the connection is closed: what else was sent is not read."""
        self.close_connection = True
        data = f"{code} {message or HTTPStatus(code).phrase}\n".encode(errors="replace")
        self.send_response(code)
        for key, value in {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def end_headers(self) -> None:
        for key, value in HEADERS.items():
            self.send_header(key, value)
        super().end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: the page tells what went wrong."""


def serve(models: Sequence[str] = (), *, show: bool = True) -> int:
    """Offers the studio until it is interrupted, and opens it in a browser if `show`; its address is printed."""
    with Studio(site(models)) as studio:
        print(studio.address, flush=True)
        print("seqgen: the studio is open at this address, on this machine only; stop it with Ctrl-C", file=sys.stderr)
        if show:
            webbrowser.open(studio.address)
        studio.serve_forever()
    return 0
