"""Ink that the studio's page sends, and who may send it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from studio_requests import REFUSED, post, serving

from seqgen.domains.handwriting import read_ink
from seqgen.errors import UsageError
from seqgen.shell.cli import main
from seqgen.shell.studio import keeping, server
from seqgen.shell.studio.keeping import Kept
from seqgen.shell.studio.server import Studio
from seqgen.shell.studio.site import MODELS, site

INK = {"format": "seqgen-ink", "version": 1, "lines": [{"text": "É", "strokes": [[[0, 1, 0], [2, 3, 0.1]]]}]}
BODY = json.dumps(INK).encode()


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    folder = tmp_path / "my ink"
    with serving(Studio(site(["two-hands"], ink=folder), kept=Kept(folder))) as served:
        yield served


def send(studio: Studio, body: bytes = BODY, name: str = "ink", **headers: str | None) -> tuple[int, bytes]:
    return post(studio, body, name, **headers)


def test_ink_is_kept_each_time_in_a_file_of_its_own(studio: Studio, tmp_path: Path) -> None:
    folder = tmp_path / "my ink"
    status, said = send(studio)
    assert status == 200
    assert json.loads(said) == {"path": f"{folder}/hand-1.json", "quoted": f"'{folder}/hand-1.json'"}
    (line,) = read_ink(folder / "hand-1.json")
    assert line.text == "É" and line.seconds == 0.1
    before = (folder / "hand-1.json").read_bytes()
    assert json.loads(send(studio)[1])["path"].endswith("hand-2.json")
    assert (folder / "hand-1.json").read_bytes() == before


def test_the_page_is_told_where_ink_goes(tmp_path: Path) -> None:
    files = site(["two-hands"], ink=tmp_path)
    data = files[MODELS]
    assert isinstance(data, bytes) and json.loads(data)[0] == {"name": str(tmp_path), "takes": "ink"}


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        *REFUSED,
        (403, {"name": "/ink"}),
        (403, {"name": "/wrong/ink"}),
        (404, {"name": "ink/hand-1.json"}),
        (404, {"name": "../ink"}),
        (404, {"name": "run/stop"}),
        (400, {"body": b"[]"}),
        (400, {"body": b'{"stop": true}'}),
        (400, {"body": b'{"format": "seqgen-ink", "version": 1, "lines": [1]}'}),
        (400, {"body": json.dumps({**INK, "path": "/etc/passwd"}).encode()}),
    ],
)
def test_nobody_else_sends_any_and_nothing_else_is_kept(
    studio: Studio, tmp_path: Path, status: int, sent: dict[str, object]
) -> None:
    assert send(studio, **sent)[0] == status  # type: ignore[arg-type]
    assert not list((tmp_path / "my ink").iterdir()) and send(studio)[0] == 200


def test_a_folder_that_is_full_or_gone_is_said(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST", 1)
    assert [send(studio)[0] for _ in range(2)] == [200, 507]
    (tmp_path / "my ink" / "hand-1.json").unlink()
    (tmp_path / "my ink").rmdir()
    assert send(studio)[0] == 507


def test_ink_that_does_not_come_is_not_waited_for(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server._Request, "timeout", 0.2)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        send(studio, Content_Length=str(2 * len(BODY)))
    assert send(studio)[0] == 200


def test_without_a_folder_none_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Studio(site(["two-hands"])) as served:
        assert not served.takes
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="name another folder"):
        Kept(tmp_path / "file")
    assert main(["studio", "--ink", str(tmp_path), "--export", str(tmp_path / "site")]) == 2
    assert "leave out --ink, or --export" in capsys.readouterr().err
