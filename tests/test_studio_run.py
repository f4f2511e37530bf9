"""What `seqgen studio --run` tells of a training, and who may stop it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from studio_page import a_run
from studio_requests import REFUSED, post, serving

from seqgen.devices.stopping import STOP
from seqgen.errors import ModelError
from seqgen.shell.cli import main
from seqgen.shell.studio import server, watching
from seqgen.shell.studio.server import Studio
from seqgen.shell.studio.site import Site, site
from seqgen.shell.studio.watching import Watched
from seqgen.training import metrics


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return a_run(tmp_path / "my poems")


@pytest.fixture(scope="module")
def files() -> Site:
    return site(["shakespeare"], Path("my poems"))


@pytest.fixture
def studio(files: Site, run: Path) -> Iterator[Studio]:
    with serving(Studio(files, Watched(run))) as served:
        yield served


def send(studio: Studio, body: bytes = b'{"stop": true}', name: str = "run/stop", **headers: str | None) -> int:
    return post(studio, body, name, **headers)[0]


def events(run: Path, count: int) -> list[tuple[str, object]]:
    found = []
    told = Watched(run).events()
    while len(found) < count:
        name, data = next(told).decode().removesuffix("\n\n").split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_events_tell_what_is_measured_as_it_is(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = run / "metrics.jsonl"
    metrics.append(log, {"step": 10, "nll": 2.0})
    about, rows, ended = events(run, 3)
    resume = f"seqgen text train --resume '{run}'"
    wanted = {"name": "my poems", "unit": "char", "domain": "text", "size": "small", "steps": 100, "resume": resume}
    assert about == ("about", wanted)
    assert rows == ("rows", [{"step": 10, "nll": 2.0}]) and ended == ("ended", False)

    monkeypatch.setattr(watching, "EVERY", 0.0)
    told = Watched(run).events()
    for _ in range(3):
        next(told)
    with log.open("ab") as file:
        file.write(b'{"step": 20, "nll": 1.')  # in the middle of being written
    with log.open("ab") as file:
        file.write(b"5}\n")
    assert next(told) == b'event: rows\ndata: [{"step": 20, "nll": 1.5}]\n\n'
    metrics.truncate(log, 10)
    assert next(told) == b'event: again\ndata: [{"step": 10, "nll": 2.0}]\n\n'
    (run / "curve.svg").touch()
    assert next(told) == b"event: ended\ndata: true\n\n"


def test_the_page_hears_of_it_and_gets_the_best_model(studio: Studio, run: Path) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", studio.server_port, timeout=30)
    connection.request("GET", f"/{studio.token}/run/events")
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "text/event-stream" and answer.readline() == b"event: about\n"
    connection.close()
    connection.request("GET", f"/{studio.token}/run/model.safetensors")
    assert connection.getresponse().status == 404
    connection.close()
    (run / "model").mkdir()
    (run / "model" / "model.safetensors").write_bytes(b"weights")
    connection.request("GET", f"/{studio.token}/run/model.safetensors")
    assert connection.getresponse().read() == b"weights"
    connection.close()
    connection.request("GET", f"/{studio.token}/models.json")
    assert json.loads(connection.getresponse().read())[0] == {"name": "my poems", "watched": True}
    connection.close()


def test_no_more_pages_hear_of_it_than_there_are_places(studio: Studio) -> None:
    lines = [socket.create_connection(("127.0.0.1", studio.server_port), timeout=30) for _ in range(9)]
    said = []
    for line in lines:
        line.sendall(
            f"GET /{studio.token}/run/events HTTP/1.1\r\nHost: 127.0.0.1:{studio.server_port}\r\n\r\n".encode()
        )
        said.append(line.recv(12))
    assert said == [b"HTTP/1.1 200"] * 8 + [b"HTTP/1.1 503"]
    for line in lines:
        line.close()


def test_the_page_may_stop_it(studio: Studio, run: Path) -> None:
    assert send(studio) == 200
    assert (run / STOP).exists()


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        *REFUSED,
        (403, {"name": "/run/stop"}),
        (403, {"name": "/wrong/run/stop"}),
        (404, {"name": "run/events"}),
        (404, {"name": "../run/stop"}),
        (400, {"body": b'{"stop": false}'}),
        (400, {"body": b'{"stop": true, "folder": "/"}'}),
    ],
)
def test_nobody_else_may(studio: Studio, run: Path, status: int, sent: dict[str, object]) -> None:
    assert send(studio, **sent) == status  # type: ignore[arg-type]
    assert not (run / STOP).exists()
    assert send(studio, b'{"stop": "1"}') == 400  # and it lives


def test_a_body_that_does_not_come_is_not_waited_for(
    studio: Studio, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server._Request, "timeout", 0.4)
    head = (
        f"POST /{studio.token}/run/stop HTTP/1.1\r\nHost: 127.0.0.1:{studio.server_port}\r\nContent-Type: application/json\r\n"
        f"Origin: http://127.0.0.1:{studio.server_port}\r\nContent-Length: 1000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", studio.server_port), timeout=30) as line:
        line.sendall(head.encode())
        assert not line.recv(1)
    stopped = threading.Event()
    with socket.create_connection(("127.0.0.1", studio.server_port), timeout=30) as line:
        line.sendall(head.encode())

        def drip() -> None:  # a byte now and then, each in time
            while not stopped.wait(0.1):
                try:
                    line.sendall(b" ")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        said = line.recv(12)
        stopped.set()
        thread.join()
        assert said in (b"", b"HTTP/1.1 400")
    assert not (run / STOP).exists() and send(studio) == 200


def test_what_is_no_run_is_not_watched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="holds no run"):
        Watched(tmp_path)
    assert main(["studio", "--run", str(tmp_path), "--export", str(tmp_path / "site")]) == 2
    assert "leave out --run, or --export" in capsys.readouterr().err
