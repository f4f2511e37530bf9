"""The studio's server as tests ask it: serving beside them, and what its page sends, whole or with something wrong."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Iterator

from seqgen.shell.studio.server import Studio

# What nobody may send, to whatever place: the status that is said, and what is unlike the page's own request.
REFUSED: list[tuple[int, dict[str, object]]] = [
    (403, {"Origin": None}),
    (403, {"Origin": "null"}),
    (403, {"Origin": "http://evil.example"}),
    (403, {"Origin": "http://127.0.0.1:1"}),
    (403, {"Host": "evil.example"}),
    (403, {"Sec_Fetch_Site": "cross-site"}),
    (404, {"name": "config.json"}),
    (415, {"Content_Type": None}),
    (415, {"Content_Type": "text/plain"}),
    (415, {"Content_Type": "application/x-www-form-urlencoded"}),
    (411, {"Content_Length": None}),
    (411, {"Content_Length": "-1"}),
    (411, {"Transfer_Encoding": "chunked"}),
    (413, {"Content_Length": str(4 * 2**20 + 1)}),
    (413, {"Content_Length": "9" * 4000}),
    (400, {"body": b""}),
    (400, {"body": b"{"}),
    (400, {"body": b"[" * 100_000}),
]


@contextlib.contextmanager
def serving(studio: Studio) -> Iterator[Studio]:
    """It answers until the block ends."""
    with studio as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def post(studio: Studio, body: bytes, name: str, **headers: str | None) -> tuple[int, bytes]:
    """What is said to a request as the page sends it, but for these headers; None leaves one out."""
    usual = {"Origin": f"http://127.0.0.1:{studio.server_port}", "Content-Type": "application/json"}
    own = {key.replace("_", "-"): value for key, value in headers.items()}
    given = {**usual, "Content-Length": str(len(body)), **own}
    connection = http.client.HTTPConnection("127.0.0.1", studio.server_port, timeout=30)
    connection.putrequest("POST", f"/{studio.token}/{name}" if name[0] != "/" else name, skip_host="Host" in given)
    for key, value in given.items():
        if value is not None:
            connection.putheader(key, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    said = answer.status, answer.read()
    connection.close()
    return said
