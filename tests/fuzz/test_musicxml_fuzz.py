"""Damaged MusicXML: whatever the bytes are, a score or a DataError."""

from __future__ import annotations

import contextlib
import io
import random
import zipfile
from pathlib import Path

from seqgen.domains.music.formats.abc import score_from_abc
from seqgen.domains.music.formats.musicxml import read_musicxml
from seqgen.errors import DataError

SCORE = b"""<?xml version='1.0' encoding='UTF-8'?><!DOCTYPE score-partwise SYSTEM "http://www.musicxml.org/dtds/p.dtd">
<score-partwise><part-list><score-part id="P1"><midi-instrument id="I"><midi-channel>1</midi-channel>
<midi-program>2</midi-program></midi-instrument></score-part></part-list><part id="P1"><measure number="1"><attributes>
<divisions>2</divisions><time><beats>3</beats><beat-type>4</beat-type></time></attributes><direction><sound tempo="90"/>
</direction><note><pitch><step>C</step><alter>1</alter><octave>4</octave></pitch><duration>2</duration><tie type="start"
/><voice>1</voice></note><backup><duration>1</duration></backup><note><rest/><duration>4</duration></note></measure>
<measure><note><pitch><step>C</step><octave>4</octave></pitch><duration>2</duration></note></measure></part>
</score-partwise>"""
TUNE = 'X:1\nM:6/8\nL:1/8\nQ:3/8=100\nK:Edor\n"Em"E2^F/>G/ (3ABc|[DF]A-A {g}z2:|[K:D] d2 x|\n'


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", SCORE)
    draw = random.Random(0)
    path = tmp_path / "mutant"
    read = 0
    digits = [at for at, byte in enumerate(SCORE) if byte in b"0123456789" and at > 150]
    for seed in (SCORE, target.getvalue()):
        for trial in range(150):
            mutant = bytearray(seed)
            for _ in range(draw.randint(1, 4)):
                at = draw.randrange(len(mutant))
                kind = draw.randrange(4)
                if seed is SCORE and trial % 2:  # stays XML
                    mutant[draw.choice(digits)] = draw.choice(b"0123456789-.eE ")
                elif kind == 0:
                    mutant[at] = draw.randrange(256)
                elif kind == 1:
                    mutant[at] = draw.choice(b"<>/&\"'")
                elif kind == 2:
                    del mutant[at : at + draw.randint(1, 30)]
                else:
                    mutant[at:at] = mutant[draw.randrange(len(mutant)) :][: draw.randint(1, 60)]
            path.write_bytes(mutant)
            with contextlib.suppress(DataError):
                read_musicxml(path)
                read += 1
    assert 20 < read < 200


def test_any_letters_are_a_tune_or_refused() -> None:
    draw = random.Random(0)
    for _ in range(500):
        mutant = list(TUNE)
        for _ in range(draw.randint(1, 5)):
            mutant[draw.randrange(len(mutant))] = draw.choice(TUNE + "é0123456789[]()|\\%\"'!")
        with contextlib.suppress(DataError):
            score_from_abc("".join(mutant))
