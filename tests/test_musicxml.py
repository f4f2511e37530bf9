"""MusicXML: what is read from small scores and real ones, and what is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from seqgen.domains.music.formats import musicxml
from seqgen.domains.music.formats.musicxml import read_musicxml
from seqgen.domains.music.score import DRUMS, Meter, Score, Tempo
from seqgen.errors import DataError

DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">'
)
CONTAINER = '<container><rootfiles><rootfile full-path="score/tune.xml"/></rootfiles></container>'


def note(pitch: str, duration: int, inside: str = "", voice: str = "1") -> str:
    step, octave = pitch[0], pitch[-1]
    alter = {"#": 1, "b": -1}.get(pitch[1], 0)
    return (
        f"<note>{inside if 'chord' in inside else ''}<pitch><step>{step}</step><alter>{alter}</alter>"
        f"<octave>{octave}</octave></pitch><duration>{duration}</duration>"
        f"{'' if 'chord' in inside else inside}<voice>{voice}</voice></note>"
    )


def measure(*content: str, divisions: int = 2) -> str:
    return (
        f"<measure number='1'><attributes><divisions>{divisions}</divisions></attributes>{''.join(content)}</measure>"
    )


def document(*parts: str, instruments: str = "") -> str:
    listed = "".join(f"<score-part id='P{i}'>{instruments}</score-part>" for i in range(len(parts)))
    music = "".join(f"<part id='P{i}'>{part}</part>" for i, part in enumerate(parts))
    return f"<?xml version='1.0'?>{DOCTYPE}<score-partwise><part-list>{listed}</part-list>{music}</score-partwise>"


def packed(files: dict[str, str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text, method)  # of no time: it is part of a test's name
    return target.getvalue()


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    def reading(text: str | bytes, **options: int) -> Score:
        path = tmp_path / "tune.xml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_musicxml(path, **options)

    return reading


def rows(score: Score) -> list[tuple[int, float, int, float]]:
    return sorted((n.part, n.onset, n.pitch, n.duration) for n in score.notes)


def test_chords_rests_backup_and_forward(read) -> None:  # type: ignore[no-untyped-def]
    score = read(
        document(
            measure(
                note("C4", 2),
                note("E4", 2, "<chord/>"),
                "<note><rest/><duration>2</duration></note>",
                "<backup><duration>4</duration></backup><forward><duration>1</duration></forward>",
                note("F#3", 1, voice="2"),
            )
        )
    )
    assert rows(score) == [(0, 0.0, 60, 0.5), (0, 0.0, 64, 0.5), (1, 0.25, 54, 0.25)]
    assert {(n.velocity, n.program) for n in score.notes} == {(80, 0)}


def test_ties_make_one_note_and_grace_notes_none(read) -> None:  # type: ignore[no-untyped-def]
    start, both, stop = "<tie type='start'/>", "<tie type='stop'/><tie type='start'/>", "<tie type='stop'/>"
    grace = "<note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>"
    bars = [measure(note("C4", 4, tie)) for tie in (start, both, stop)]
    assert rows(read(document("".join([grace.join(["<measure>", "</measure>"]), *bars])))) == [(0, 2.0, 60, 3.0)]
    assert len(read(document(measure(note("C4", 2, start), note("D4", 2), note("C4", 2, stop)))).notes) == 3


def test_tempo_and_meter_are_shared_by_all_parts(read) -> None:  # type: ignore[no-untyped-def]
    time = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
    marks = (
        "<direction><direction-type><metronome><beat-unit>half</beat-unit><per-minute>c. 30</per-minute></metronome>"
        "</direction-type></direction>"
    )
    first = measure(time, marks, note("C4", 6)) + measure("<sound tempo='120'/>", note("C4", 6))
    score = read(document(first, measure(note("C3", 6)) + measure(note("C3", 6))))
    assert score.tempos == (Tempo(0.0, 60.0), Tempo(3.0, 120.0))
    assert score.meters == (Meter(0.0, 3, 4),)
    assert rows(score) == [(0, 0.0, 60, 3.0), (0, 3.0, 60, 1.5), (1, 0.0, 48, 3.0), (1, 3.0, 48, 1.5)]


def test_an_upbeat_has_a_meter_of_its_own(read) -> None:  # type: ignore[no-untyped-def]
    time = "<attributes><time><beats>2+2</beats><beat-type>4</beat-type></time></attributes>"
    score = read(document(measure(time, note("G4", 1)) + measure(note("C4", 8))))
    assert score.meters == (Meter(0.0, 1, 8), Meter(0.25, 4, 4))


def test_transposing_instruments_sound_at_concert_pitch(read) -> None:  # type: ignore[no-untyped-def]
    horn = "<attributes><transpose><chromatic>-7</chromatic><octave-change>-1</octave-change></transpose></attributes>"
    assert [n.pitch for n in read(document(measure(horn, note("C5", 2)))).notes] == [72 - 7 - 12]


def test_instruments_and_drums(read) -> None:  # type: ignore[no-untyped-def]
    drum = "<note><unpitched/><duration>2</duration><instrument id='I2'/></note>"
    instruments = (
        "<midi-instrument id='I1'><midi-program>57</midi-program></midi-instrument>"
        "<midi-instrument id='I2'><midi-channel>10</midi-channel><midi-unpitched>43</midi-unpitched></midi-instrument>"
    )
    score = read(document(measure(note("C4", 2), drum), instruments=instruments))
    assert [(n.program, n.pitch) for n in score.notes] == [(56, 60), (DRUMS, 42)]


def test_a_chorale_on_two_staves_has_four_parts(read) -> None:  # type: ignore[no-untyped-def]
    back = "<backup><duration>4</duration></backup>"
    one = measure(
        note("E5", 4), back, note("C5", 4, voice="2"), back, note("C3", 4, voice="6"), back, note("G3", 4, voice="5")
    )
    assert [(part, pitch) for part, _, pitch, _ in rows(read(document(one)))] == [(0, 76), (1, 72), (2, 55), (3, 48)]


def test_a_short_part_does_not_shift_its_next_measure(read) -> None:  # type: ignore[no-untyped-def]
    long, short = measure(note("C4", 8)) + measure(note("D4", 8)), measure(note("C3", 2)) + measure(note("D3", 8))
    assert [row[1] for row in rows(read(document(long, short)))] == [0.0, 2.0, 0.0, 2.0]


def test_mxl_is_found_by_its_content(read) -> None:  # type: ignore[no-untyped-def]
    text = document(measure(note("C4", 2)))
    named = packed({"META-INF/container.xml": CONTAINER, "a.xml": "<other/>", "score/tune.xml": text})
    assert read(named) == read(packed({"tune.musicxml": text})) == read(text)


@pytest.mark.parametrize(
    ("name", "notes", "seconds", "parts"),
    [
        ("flute_scale", 8, 4.0, 1),
        ("st_anne", 112, 16.0, 4),
        ("alternating_meter", 9, 3.0, 1),
        ("mid_measure_time_signature", 7, 1.75, 1),
        ("whole_measure_rest_forward", 4, 9.0, 1),
        ("unmetered_example", 5, 2.75, 1),
        ("el_capitan", 7731, 135.75, 23),
    ],
)
def test_real_files(name: str, notes: int, seconds: float, parts: int, data: Path) -> None:
    """Counts agree with music21 10.5.1 reading the same files (el_capitan: 5 notes more than there, where a written duration and the type of its note disagree)."""
    score = read_musicxml(data / "midi_edge" / "note-seq" / "note_seq" / "testdata" / f"{name}.xml")
    assert (len(score.notes), score.seconds, len({n.part for n in score.notes})) == (
        notes,
        pytest.approx(seconds),
        parts,
    )


def bomb(subset: str) -> str:
    return f"<!DOCTYPE score-partwise {subset}><score-partwise><part id='P'>&a;</part></score-partwise>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("no xml", "is not well-formed XML"),
        (document(measure(note("C4", 2)))[:-30], "is not well-formed XML"),
        ("<score-timewise/>", "timewise score; open it in a notation program and save it as partwise"),
        ("<html/>", "no score: it begins with <html>"),
        (document(measure()), "has no notes"),
        (bomb("[<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]"), "declares its own XML entities"),
        (bomb("[<!ATTLIST part x CDATA 'long'>]"), "declares its own XML entities or attributes"),
        (bomb("[<!ENTITY a SYSTEM 'file:///etc/passwd'>]"), "which is unsafe; save it again"),
        (bomb("SYSTEM 'file:///etc/passwd'"), "undefined entity|is not well-formed"),
        ("<a>" * 100, "begins with <a>"),
        (document(measure("<note>" + "<a>" * 100)), "nests XML deeper than 64"),
        (document(measure("<note>" + "<a/>" * 6000 + "</note>")), "more than 5000 inside"),
        (document(measure(note("C4", 2), divisions=0)), r"<divisions> is 0, not above 0"),
        (document(measure(note("C4", -2))), r"damaged in measure 1: a <duration> is -2"),
        (document(measure(note("C4", 2).replace("2", "NaN", 1))), "not a number"),
        (document(measure(note("H4", 2))), "a note has no pitch"),
        (document(measure(note("C4", 2).replace("4", "14"))), "pitch 180, beyond 0-127"),
        (document(measure(note("C4", 999_999_999))), "from 0 s to a day"),
        (
            document(measure("<attributes><time><beats>x</beats><beat-type>4</beat-type></time></attributes>")),
            "<beats>",
        ),
        ("<?xml version='1.0' encoding='martian'?><a/>", "unknown encoding|cannot be decoded"),
        (b"PK\x03\x04 damaged", "cannot be unpacked"),
        (packed({"readme.txt": "hello"}), "zip without a score inside"),
        (packed({"a.xml": " " * (9 * 2**20)}), "unpacks to more than 8 MB"),
        (packed({"a.xml": "<a/>"}, zipfile.ZIP_LZMA), "packed in an unusual way"),
        (packed({f"{i}.xml": "" for i in range(1001)}), "more than 1000 packed files"),
        ("<a>" + "<b/>" * 400_001, "more than 400,000 tags"),
    ],
)
def test_what_is_no_score_is_refused_in_one_line(text: str | bytes, message: str, read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match=message) as caught:
        read(text)
    assert "\n" not in str(caught.value) and "tune.xml" in str(caught.value)


def test_limits_of_size_and_notes(read, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    text = document(measure(*[note("C4", 1)] * 5))
    assert len(read(text, max_events=5).notes) == 5
    with pytest.raises(DataError, match="more than 4 notes"):
        read(text, max_events=4)
    monkeypatch.setattr(musicxml, "LARGEST", 2**10)
    with pytest.raises(DataError, match=r"tune\.xml is larger than"):
        read(text + " " * 2**10)


def test_folders_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder; name a file"):
        read_musicxml(tmp_path)
    with pytest.raises(DataError, match=r"cannot read .*none\.xml: No such file"):
        read_musicxml(tmp_path / "none.xml")
