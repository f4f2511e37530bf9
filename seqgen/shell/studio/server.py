"""The studio's server: on this machine only, for whoever was told the address, and nothing but the files of a `Site`.

With a training that is watched: its events, its best model, and the word to stop it; with a folder for ink: what is written in
the page. Nothing else can be sent here.

A page from elsewhere that a browser has open may send requests here. It cannot know the token in the address; the names
in Host and Origin are checked beside it, so that no other name that leads to 127.0.0.1 passes (DNS rebinding).
"""

from __future__ import annotations

import hmac
import json
import secrets
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

from ...models.pretrained import CONFIG, WEIGHTS
from .keeping import Kept
from .site import INK, KINDS, Site, site
from .watching import Watched

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
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
LARGEST = 4 * 2**20  # bytes that may be sent here
LISTENERS = 8  # pages that hear of a training at once
RUN, EVENTS, STOP = "run", "run/events", "run/stop"  # addresses


class Studio(ThreadingHTTPServer):
    """A server of these files on a free port of 127.0.0.1; `address` is what to open."""

    daemon_threads = True

    def __init__(self, files: Site, watched: Watched | None = None, kept: Kept | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.files = dict(files)
        self.watched = watched
        self.takes: dict[
            str, Callable[[Any], dict[str, str] | None]
        ] = {}  # what may be sent where, None for other things
        if kept is not None:
            self.takes[INK] = kept.take
        if watched is not None:  # there may be no model yet
            self.takes[STOP] = watched.asked
            self.files |= {f"{RUN}/{name}": watched.folder / "model" / name for name in (CONFIG, WEIGHTS)}
        self.listeners = threading.BoundedSemaphore(LISTENERS)
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

    def do_POST(self) -> None:
        wrong = self._wrong() or self._wrong_to_send()
        if wrong is not None:
            self.send_error(wrong)
            return
        asked = self._body(int(self.headers["Content-Length"]))
        try:
            answer = self.server.takes[self._name](asked)
        except OSError:
            self.send_error(HTTPStatus.INSUFFICIENT_STORAGE)
            return
        if answer is None:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        self._send("application/json", json.dumps(answer).encode())

    def _answer(self, *, whole: bool) -> None:
        wrong = self._wrong()
        if wrong is None and (self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers):
            wrong = HTTPStatus.BAD_REQUEST
        if wrong is not None:
            self.send_error(wrong)
            return
        if self._name == EVENTS and self.server.watched is not None:
            self._tell(self.server.watched, whole=whole)
            return
        content = self.server.files.get(self._name)
        try:
            data = content.read_bytes() if isinstance(content, Path) else content
        except OSError:  # of a training that has no model yet
            data = None
        if data is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self._send(KINDS[PurePosixPath(self._name).suffix], data, whole=whole)

    def _send(self, kind: str, data: bytes, *, whole: bool = True) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if whole:
            self.wfile.write(data)

    def _tell(self, watched: Watched, *, whole: bool) -> None:
        """Events until the page is closed."""
        if not self.server.listeners.acquire(blocking=False):
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            self.close_connection = True
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for event in watched.events() if whole else ():
                self.wfile.write(event)
        finally:
            self.server.listeners.release()

    @property
    def _name(self) -> str:
        """What is asked for, after the token."""
        return [*self.path.split("/", 2), "", ""][2] or "index.html"

    def _wrong(self) -> HTTPStatus | None:
        """Why whoever asks gets no answer, None where they do."""
        hosts, origins = self.headers.get_all("Host", []), self.headers.get_all("Origin", [])
        if len(hosts) != 1 or hosts[0] not in self.server.hosts:
            return HTTPStatus.FORBIDDEN
        if any(origin != f"http://{hosts[0]}" for origin in origins):
            return HTTPStatus.FORBIDDEN
        if self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return HTTPStatus.FORBIDDEN
        root, token = [*self.path.split("/", 2), ""][:2]
        if root or not hmac.compare_digest(token.encode(), self.server.token.encode()):
            return HTTPStatus.FORBIDDEN
        return None

    def _wrong_to_send(self) -> HTTPStatus | None:
        """The same for what is sent: the page says where it is from, what it sends and how much."""
        if len(self.headers.get_all("Origin", [])) != 1:
            return HTTPStatus.FORBIDDEN
        if self._name not in self.server.takes:
            return HTTPStatus.NOT_FOUND
        if self.headers.get_all("Content-Type", []) != ["application/json"]:
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        lengths = self.headers.get_all("Content-Length", [])
        if (
            len(lengths) != 1
            or not (lengths[0].isascii() and lengths[0].isdecimal())
            or "Transfer-Encoding" in self.headers
        ):
            return HTTPStatus.LENGTH_REQUIRED
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if len(lengths[0]) > 9 or int(lengths[0]) > LARGEST else None

    def _body(self, length: int) -> Any:
        """The JSON that was sent; None where it is none, or takes too long to come."""
        data, until = b"", time.monotonic() + self.timeout
        while len(data) < length:
            left = until - time.monotonic()
            piece = b""
            if left > 0:
                self.connection.settimeout(left)
                piece = self.rfile.read1(length - len(data))
            if not piece:
                return None
            data += piece
        self.connection.settimeout(self.timeout)
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            return None

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


def serve(models: Sequence[str] = (), *, run: Path | None = None, ink: Path | None = None, show: bool = True) -> int:
    """Offers the studio until it is interrupted, and opens it in a browser if `show`; its address is printed.

    run: the folder of a training that the page watches. ink: where it keeps what is written by hand.
    """
    watched, kept = None if run is None else Watched(run), None if ink is None else Kept(ink)
    with Studio(site(models, run, ink), watched, kept) as studio:
        print(studio.address, flush=True)
        print("seqgen: the studio is open at this address, on this machine only; stop it with Ctrl-C", file=sys.stderr)
        if show:
            webbrowser.open(studio.address)
        studio.serve_forever()
    return 0
