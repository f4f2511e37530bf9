"""MusicXML: what is read from small scores and real ones, and what is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from seqgen.domains.music.formats.musicxml import read_musicxml
from seqgen.domains.music.score import DRUMS, Meter, Score, Tempo
from seqgen.domains.music.signs import Chord, Key
from seqgen.errors import DataError, UsageError

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
    bars = [measure(note("C4", 4, tie)) for tie in (start, both, stop)]
    assert rows(read(document("".join(["<measure/>", *bars])))) == [(0, 2.0, 60, 3.0)]
    assert len(read(document(measure(note("C4", 2, start), note("D4", 2), note("C4", 2, stop)))).notes) == 3


def test_a_key_that_is_struck_while_it_sounds_ends_first(read) -> None:  # type: ignore[no-untyped-def]
    back = "<backup><duration>4</duration></backup>"
    again = measure(note("C4", 4), back, "<forward><duration>2</duration></forward>", note("C4", 2))
    assert rows(read(document(again))) == [(0, 0.0, 60, 0.5), (0, 0.5, 60, 0.5)]
    at_once = measure(note("C4", 2), back.replace("4", "2"), note("C4", 4))
    assert rows(read(document(at_once))) == [(0, 0.0, 60, 1.0)]


def test_a_tie_goes_on_in_whatever_voice_of_its_part(read) -> None:  # type: ignore[no-untyped-def]
    start, stop = "<tie type='start'/>", "<tie type='stop'/>"
    back = "<backup><duration>4</duration></backup>"
    later = measure(note("C4", 4, start, voice="2")) + measure(note("C4", 4, stop))
    assert rows(read(document(later))) == [(0, 0.0, 60, 2.0)]  # a voice that strikes nothing of its own is no part
    # in the same measure, in a voice that is written before the one where the tie begins
    earlier = measure("<forward><duration>2</duration></forward>", note("C4", 2, stop), back, note("C4", 2, start, "3"))
    assert rows(read(document(earlier))) == [(0, 0.0, 60, 1.0)]
    unison = measure(note("C4", 2, start), back.replace("4", "2"), note("C4", 2, start, "2"))
    both = measure(note("C4", 2, stop), back.replace("4", "2"), note("C4", 4, stop, "2"))
    assert rows(read(document(unison + both))) == [(0, 0.0, 60, 1.0), (1, 0.0, 60, 1.5)]
    other = measure(note("C4", 4, start))
    assert (
        len(read(document(other + measure(note("D4", 4)), measure(note("D4", 4)) + measure(note("C4", 4, stop)))).notes)
        == 4
    )


def test_grace_notes_take_time_from_the_note_before(read) -> None:  # type: ignore[no-untyped-def]
    def grace(pitch: str, inside: str = "") -> str:
        return note(pitch, 1, inside).replace("<duration>1</duration>", "<grace/>")

    score = read(document(measure(note("C4", 2), grace("D4"), grace("F4", "<chord/>"), grace("E4"), note("G4", 2))))
    assert rows(score) == [
        *((0, 0.0, 60, 0.375), (0, 0.375, 62, 0.0625), (0, 0.375, 65, 0.0625), (0, 0.4375, 64, 0.0625)),
        (0, 0.5, 67, 0.5),
    ]
    first = read(document(measure(grace("D4"), note("G4", 2))))  # nothing is before it
    assert [(onset, pitch) for _, onset, pitch, _ in rows(first)] == [(0.0, 62), (0.0, 67)]
    assert len(read(document(measure(note("C4", 2)) + measure(grace("D4")) + measure(note("E4", 2)))).notes) == 3


def test_dynamics_are_velocities_of_their_part(read) -> None:  # type: ignore[no-untyped-def]
    def mark(inside: str) -> str:
        return f"<direction><direction-type><dynamics>{inside}</dynamics></direction-type></direction>"

    loud = "<direction><direction-type><words>x</words></direction-type><sound dynamics='100'/></direction>"
    own = note("F4", 2).replace("<note>", "<note dynamics='50'>")
    upper = measure(note("C4", 2), mark("<p/>"), note("D4", 2), mark("<sfz/>"), note("E4", 2), own, loud, note("G4", 2))
    score = read(document(upper, measure(note("C3", 10))))
    assert [n.velocity for n in score.notes if n.part == 0] == [80, 49, 49, 45, 90]
    assert [n.velocity for n in score.notes if n.part == 1] == [80]


def test_keys_chords_and_names_are_kept(read) -> None:  # type: ignore[no-untyped-def]
    key = "<attributes><key><fifths>-3</fifths><mode>minor</mode></key></attributes>"

    def harmony(step: str, kind: str, more: str = "") -> str:
        return f"<harmony><root><root-step>{step}</root-step></root><kind>{kind}</kind>{more}</harmony>"

    bass = "<bass><bass-step>E</bass-step><bass-alter>-1</bass-alter></bass>"
    bars = measure(key, harmony("C", "minor"), note("C4", 2), harmony("F", "dominant", bass), note("D4", 2))
    text = document(bars + measure(harmony("G", "none"), note("C4", 2))).replace(
        "</score-part>", "<part-name>Oboe</part-name></score-part>"
    )
    score = read(text)
    assert score.keys == (Key(0.0, -3, "minor"),) and score.names == ("Oboe",)
    assert score.chords == (Chord(0.0, "Cm"), Chord(0.5, "F7/Eb"), Chord(1.0, "N.C."))
    assert score.transposed(2).keys[0].fifths == -1 and score.transposed(2).chords[1].symbol == "G7/F"


def test_a_signature_without_a_mode_has_that_of_the_notes_under_it(read) -> None:  # type: ignore[no-untyped-def]
    def bar(fifths: int, pitches: str, mode: str = "") -> str:
        key = f"<attributes><key><fifths>{fifths}</fifths>{mode}</key></attributes>"
        return measure(key, *(note(pitch, 1) for pitch in pitches.split()))

    score = read(document(bar(0, "A3 C4 E4 A4 A3") + bar(1, "G4 B4 D4 G3") + bar(0, "A3 C4 E4", "<mode>major</mode>")))
    assert [key[1:] for key in score.keys] == [(0, "minor"), (1, "major"), (0, "major")]


def test_timewise_scores_are_read_like_partwise_ones(read) -> None:  # type: ignore[no-untyped-def]
    bars = [[measure(note(f"{step}{octave}", 4)) for step in "CDE"] for octave in (5, 3)]
    partwise = document(*("".join(part) for part in bars))
    insides = [[bar.removeprefix("<measure number='1'>").removesuffix("</measure>") for bar in part] for part in bars]
    music = ""
    for number, column in enumerate(zip(*insides, strict=True)):
        parts = "".join(f"<part id='P{part}'>{bar}</part>" for part, bar in enumerate(column))
        music += f"<measure number='{number}'>{parts}</measure>"
    start, end = partwise.index("<part id="), partwise.index("</score-partwise>")
    timewise = (partwise[:start] + music + partwise[end:]).replace("score-partwise>", "score-timewise>")
    assert read(timewise) == read(partwise) and len(read(partwise).notes) == 6


def test_a_note_without_a_duration_or_one_below_0_is_as_long_as_it_looks(read) -> None:  # type: ignore[no-untyped-def]
    dotted = note("C4", -2, "<type>quarter</type><dot/>")
    triplet = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
    tab = note("D4", 9, f"<type>quarter</type>{triplet}").replace("<duration>9</duration>", "")
    score = read(document(measure(dotted, tab, note("E4", 2), note("F4", 9).replace("<duration>9</duration>", ""))))
    assert [(row[1], row[2]) for row in rows(score)] == [(0.0, 60), (0.75, 62), (pytest.approx(0.75 + 1 / 3), 64)]
    back = "<backup><duration>-2</duration></backup>"
    assert [row[1] for row in rows(read(document(measure(note("C4", 2), back, note("D4", 2)))))] == [0.0, 1.0]


def test_notes_before_the_first_divisions_are_in_its_unit(read) -> None:  # type: ignore[no-untyped-def]
    bar = measure("<DIV/>", note("C4", 8), "<DIV2/>", note("D4", 8), divisions=8)
    attributes = "<attributes><divisions>8</divisions></attributes>"
    late = bar.replace(attributes, "").replace("<DIV2/>", attributes)
    assert rows(read(document(late + bar.replace(attributes, "")))) == rows(read(document(bar + bar)))


def jump(sound: str = "", words: str = "") -> str:
    said = f"<direction-type><words>{words}</words></direction-type>" if words else ""
    return f"<direction>{said}<sound {sound}/></direction>"


REPEAT = "<barline location='right'><repeat direction='backward'/></barline>"
FORWARD = "<barline location='left'><repeat direction='forward'/></barline>"


def ending(number: str, repeated: bool) -> tuple[str, str]:
    kind = "stop" if repeated else "discontinue"
    repeat = "<repeat direction='backward'/>" if repeated else ""
    after = f"<barline location='right'><ending number='{number}' type='{kind}'/>{repeat}</barline>"
    return f"<barline location='left'><ending number='{number}' type='start'/></barline>", after


@pytest.mark.parametrize(
    ("marks", "played"),
    [
        ([("", ""), ("", REPEAT)], "CDCD"),
        ([("", ""), (FORWARD, REPEAT.replace("/></b", " times='3'/></b")), ("", "")], "CDDDE"),
        ([("", ""), ending("1", True), ending("2", False), ("", "")], "CDCEF"),
        ([("", ""), ending("1, 2", True), ending("3", False), ("", "")], "CDCDCEF"),
        ([("", ""), ending("1, 2", True), ending("2", False), ("", "")], "CDCDCEF"),  # the last is for what is left
        ([("", ""), ending("1", True), ("", "")], "CDCE"),
        ([("", ""), ending("1", True), ending("2", True), (FORWARD, ""), ("", REPEAT)], "CDCEFGFG"),
        ([("", jump("fine='yes'")), ("", jump("dacapo='yes'"))], "CDC"),
        ([("", jump(words="Fine")), ("", jump(words="D.C. al Fine"))], "CDC"),
        (
            [
                ("", ""),
                (jump("segno='1'"), ""),
                ("", jump("tocoda='1'")),
                ("", jump("dalsegno='1'")),
                (jump("coda='1'"), ""),
            ],
            "CDEFDEG",
        ),
        ([("", REPEAT), ("", jump("fine='yes'")), ("", jump("dacapo='yes'"))], "CCDECD"),
        ([("", ""), ending("1", True), ending("2", False), ("", jump("dacapo='yes'"))], "CDCEFCEF"),
    ],
)
def test_repeats_endings_and_jumps_are_played(marks: list[tuple[str, str]], played: str, read) -> None:  # type: ignore[no-untyped-def]
    bars = [measure(before, note(f"{step}4", 2), after) for step, (before, after) in zip("CDEFG", marks, strict=False)]
    score = read(document("".join(bars), "".join(measure(note("C3", 2)) for _ in bars)))
    assert "".join(" C D EF G A B"[n.pitch % 12 + 1] for n in score.notes if n.pitch >= 60) == played
    assert score.seconds == len(played) / 2


def test_tempo_key_and_meter_hold_where_a_repeat_leads_back(read) -> None:  # type: ignore[no-untyped-def]
    def attributes(beats: int, fifths: int) -> str:
        return f"<attributes><key><fifths>{fifths}</fifths></key><time><beats>{beats}</beats><beat-type>4</beat-type></time></attributes>"

    bars = [
        measure(attributes(1, 0), "<sound tempo='60'/>", note("C4", 2)),
        measure(FORWARD, note("D4", 2)),
        measure(attributes(2, 1), "<sound tempo='120'/>", note("E4", 4), REPEAT),
        measure(note("F4", 4)),
    ]
    score = read(document("".join(bars)))
    assert score.tempos == (Tempo(0, 60), Tempo(2, 120), Tempo(3, 60), Tempo(4, 120))
    assert score.meters == (Meter(0, 1, 4), Meter(2, 2, 4), Meter(3, 1, 4), Meter(4, 2, 4))
    assert [key[:2] for key in score.keys] == [(0, 0), (2, 1), (3, 0), (4, 1)]


def test_of_two_tempos_at_one_moment_the_one_that_is_played_later_holds(read) -> None:  # type: ignore[no-untyped-def]
    def tempo(bpm: int) -> str:
        return f"<direction><sound tempo='{bpm}'/></direction>"

    last = measure(note("C4", 8), tempo(60), "<barline location='right'><repeat direction='backward'/></barline>")
    score = read(document(measure(tempo(90), note("C4", 8)) + last))
    assert [round(each.bpm) for each in score.tempos] == [90, 90, 60]


def test_a_bar_that_a_repeat_cuts_in_two_has_meters_of_its_own(read) -> None:  # type: ignore[no-untyped-def]
    time = "<attributes><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    bars = [
        measure(time, note("C4", 8)),
        measure(note("D4", 6), REPEAT),
        measure(note("E4", 2)),
        measure(note("F4", 8)),
    ]
    meters = read(document("".join(bars))).meters
    assert [m[1:] for m in meters] == [(4, 4), (3, 4), (4, 4), (3, 4), (1, 4), (4, 4)]


def test_a_file_cannot_play_without_end(read) -> None:  # type: ignore[no-untyped-def]
    bars = "".join(measure(note("C4", 1), REPEAT.replace("/></b", " times='16'/></b")) for _ in range(5))
    assert len(read(document(bars)).notes) == 80
    with pytest.raises(DataError, match="plays more than 79 notes; split it, or raise the number with --max-events"):
        read(document(bars), max_events=79)


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
        ("el_capitan", 9863, 171.75, 23),
    ],
)
def test_real_files(name: str, notes: int, seconds: float, parts: int, data: Path) -> None:
    """Counts agree with music21 10.5.1 reading the same files (el_capitan: 9,691 there, without grace notes)."""
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
        ("<score-timewise/>", "has no notes"),
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
        (document(measure(note("C4", -2))), "has no notes"),
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
        (packed({f"{i}.xml": "" for i in range(1001)}), "more than 1,000 packed files"),
        ("<a>" + "<b/>" * 400_001, "more than 400,000 tags .* or raise the limit with --max-events"),
    ],
)
def test_what_is_no_score_is_refused_in_one_line(text: str | bytes, message: str, read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match=message) as caught:
        read(text)
    assert "\n" not in str(caught.value) and "tune.xml" in str(caught.value)


def test_limits_of_size_and_notes(read) -> None:  # type: ignore[no-untyped-def]
    text = document(measure(*[note("C4", 1)] * 5))
    assert len(read(text, max_events=5).notes) == 5
    with pytest.raises(DataError, match="more than 4 notes"):
        read(text, max_events=4)
    padded = packed({"a.xml": text + " " * 2**23})
    for long in (text + " " * 2**23, padded):
        with pytest.raises(DataError, match=r"tune\.xml (is larger than|unpacks to more than) 8 MB.*--max-events"):
            read(long)
        assert len(read(long, max_events=400_000).notes) == 5
    with pytest.raises(UsageError, match="give 1 or more"):
        read(text, max_events=0)


def test_folders_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder; name a file"):
        read_musicxml(tmp_path)
    with pytest.raises(DataError, match=r"cannot read .*none\.xml: No such file"):
        read_musicxml(tmp_path / "none.xml")
