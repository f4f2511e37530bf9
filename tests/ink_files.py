"""Files of ink for tests: writing them, IAM-OnDB's folders among them, and reading what must be refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from seqgen.domains.handwriting import Ink, read_ink
from seqgen.errors import DataError

Write = Callable[[str, str | bytes], Path]  # the fixture `write`: a name and a content to a file in the test's folder


def write_to(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def rows(ink: Ink) -> list[list[list[float]]]:
    return [stroke.tolist() for stroke in ink.strokes]


def refused(path: Path) -> str:
    with pytest.raises(DataError) as error:
        read_ink(path)
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 600 + len(str(path))
    return message


def iam_line(*strokes: Sequence[tuple[float, ...]], root: str = "WhiteboardCaptureSession") -> str:
    points = ("".join(f'<Point x="{x}" y="{y}" time="{time}"/>' for x, y, time in stroke) for stroke in strokes)
    body = "".join(f'<Stroke colour="black" start_time="0" end_time="1">{stroke}</Stroke>' for stroke in points)
    board = '<WhiteboardDescription><SensorLocation corner="top_left"/></WhiteboardDescription>'
    return f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<{root}>{board}<StrokeSet>{body}</StrokeSet></{root}>\n'


def write_iam_folder(folder: Path, forms: dict[str, list[str]], writer: str = "10001") -> None:
    """A folder in IAM-OnDB's layout: the form of each name, such as a01-000u, has the given lines of text."""
    for form, lines in forms.items():
        place = Path(form.split("-")[0], form.rstrip("abcdefghijklmnopqrstuvwxyz"))
        for kind in ("lineStrokes", "ascii", "original"):
            (folder / kind / place).mkdir(parents=True, exist_ok=True)
        ocr = "\n".join(line.upper() for line in lines)
        text = f"OCR:\n\n{ocr}\n\nCSR:\n\n" + "\n".join(lines) + "\n\n"
        (folder / "ascii" / place / f"{form}.txt").write_text(text, encoding="utf-8")
        head = f'<General><Form writerID="{writer}" id="{form}"/></General>'
        letter = form[len(place.name) :]
        (folder / "original" / place / f"strokes{letter}.xml").write_text(head, encoding="utf-8")
        for number, line in enumerate(lines, 1):
            strokes = [
                [(x + i, 20 + i * number, 0.01 * (2 * x + i)) for i in range(4)] for x in range(0, 9 * len(line), 9)
            ]
            path = folder / "lineStrokes" / place / f"{form}-{number:02}.xml"
            path.write_text(iam_line(*strokes), encoding="utf-8")


def npz(path: Path, *arrays: object, **named: object) -> Path:
    np.savez_compressed(path, *arrays, **named)  # type: ignore[arg-type]
    return path
