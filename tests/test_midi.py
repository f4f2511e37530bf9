"""MIDI files as scores and back: against mido alone, pretty_midi alone, note lists made by others, and itself."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

import mido
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.domains.music.formats.midi import read_midi
from seqgen.domains.music.formats.midi_writing import write_midi
from seqgen.domains.music.score import DRUMS, Meter, Note, Score, Tempo
from seqgen.domains.music.signs import MODES, Key
from seqgen.errors import DataError, UsageError

ON, OFF, PROGRAM, CONTROL = "note_on", "note_off", "program_change", "control_change"


def midi(path: Path, *tracks: Sequence[mido.Message | mido.MetaMessage], division: int = 500) -> Path:
    """A file whose ticks are milliseconds, unless something in it says otherwise."""
    mido.MidiFile(ticks_per_beat=division, tracks=[mido.MidiTrack(track) for track in tracks]).save(path)
    return path


def strike(pitch: int, after: int = 0, velocity: int = 64, channel: int = 0) -> mido.Message:
    return mido.Message(ON, note=pitch, velocity=velocity, time=after, channel=channel)


def release(pitch: int, after: int = 0, channel: int = 0) -> mido.Message:
    return mido.Message(OFF, note=pitch, time=after, channel=channel)


def pedal(value: int, after: int = 0, channel: int = 0) -> mido.Message:
    return mido.Message(CONTROL, control=64, value=value, time=after, channel=channel)


def program(number: int, after: int = 0, channel: int = 0) -> mido.Message:
    return mido.Message(PROGRAM, program=number, time=after, channel=channel)


def spans(score: Score) -> list[tuple[int, int, int]]:
    """Pitch, onset and end in milliseconds."""
    return [(note.pitch, round(note.onset * 1000), round(note.end * 1000)) for note in score.notes]


def by_mido(path: Path) -> list[tuple[float, int, float, int]]:
    """Onset, pitch, end and velocity by mido and one plain loop, all channels of all tracks together."""
    now, sounding, notes = 0.0, {}, []
    for message in mido.MidiFile(path):
        now += message.time
        if message.type in (ON, OFF):
            key = message.channel, message.note
            if message.type == ON and message.velocity:
                sounding.setdefault(key, []).append((now, message.velocity))
            else:
                notes += [(begin, message.note, now, velocity) for begin, velocity in sounding.pop(key, ())]
    return sorted(notes)


def same(read: Score, written: Score, tolerance: float = 1e-3) -> None:
    ours = sorted(read.notes, key=lambda note: (note.part, note.pitch, note.onset))
    theirs = sorted(written.notes, key=lambda note: (note.part, note.pitch, note.onset))
    assert [(n.pitch, n.velocity, n.program, n.part) for n in ours] == [
        (n.pitch, n.velocity, n.program, n.part) for n in theirs
    ]
    for one, other in zip(ours, theirs, strict=True):
        assert abs(one.onset - other.onset) <= tolerance
        assert abs(one.end - other.end) <= tolerance
    assert [tempo.bpm for tempo in read.tempos] == pytest.approx([tempo.bpm for tempo in written.tempos], rel=1e-3)
    assert [tempo.time for tempo in read.tempos] == pytest.approx([t.time for t in written.tempos], abs=tolerance)
    assert [meter[1:] for meter in read.meters] == [meter[1:] for meter in written.meters]
    assert [meter.time for meter in read.meters] == pytest.approx([m.time for m in written.meters], abs=tolerance)


def test_notes_programs_parts_and_velocities_are_read(tmp_path: Path) -> None:
    path = midi(
        tmp_path / "a.mid",
        [strike(60, 0, 1), release(60, 500), program(40), strike(62, 0, 127), release(62, 250)],
        [program(12, channel=9), strike(36, 100, 90, 9), strike(38, 100, 91, 3), release(36, 50, 9), release(38, 0, 3)],
    )
    score = read_midi(str(path))
    assert spans(score) == [(60, 0, 500), (36, 100, 250), (38, 200, 250), (62, 500, 750)]
    notes = score.notes
    assert [(n.pitch, n.velocity, n.program, n.part) for n in notes] == [
        (60, 1, 0, 0),
        (36, 90, DRUMS, 2),
        (38, 91, 0, 3),
        (62, 127, 40, 1),
    ]


def test_tempos_and_meters_of_all_tracks_count(tmp_path: Path) -> None:
    path = midi(
        tmp_path / "a.mid",
        [mido.MetaMessage("set_tempo", tempo=1_000_000), strike(60, 500), release(60, 500)],
        [
            mido.MetaMessage("time_signature", numerator=3, denominator=8, time=250),
            mido.MetaMessage("set_tempo", tempo=250_000, time=250),
        ],
    )
    score = read_midi(path)  # pretty_midi alone would warn, and read 0.5-1.5 s
    assert spans(score) == [(60, 1000, 1250)]
    assert score.tempos == (Tempo(0.0, 60.0), Tempo(1.0, 240.0))
    assert score.meters == (Meter(0.0, 4, 4), Meter(0.5, 3, 8))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([pedal(127), strike(60), release(60, 100), pedal(0, 400)], [(60, 0, 500)]),
        ([pedal(64), strike(60), release(60, 100), pedal(63, 400)], [(60, 0, 500)]),
        ([pedal(63), strike(60), release(60, 100), pedal(0, 400)], [(60, 0, 100)]),
        ([strike(60), pedal(127, 50), release(60, 50), pedal(90, 50), pedal(0, 50)], [(60, 0, 200)]),
        ([strike(60), release(60, 100), pedal(127, 50), pedal(0, 50)], [(60, 0, 100)]),
        ([pedal(127), strike(60), release(60, 100), strike(62, 100), release(62, 100)], [(60, 0, 300), (62, 200, 300)]),
        (
            [pedal(127), strike(60), release(60, 100), strike(60, 100), release(60, 100), pedal(0, 100)],
            [(60, 0, 200), (60, 200, 400)],
        ),
        ([pedal(127, channel=1), strike(60), release(60, 100), pedal(0, 400, 1)], [(60, 0, 100)]),
        ([pedal(127, channel=9), strike(36, channel=9), release(36, 100, 9), pedal(0, 400, 9)], [(36, 0, 100)]),
        ([pedal(127), pedal(0, 100), pedal(127), strike(60), release(60, 50), pedal(0, 50)], [(60, 100, 200)]),
    ],
    ids=["held", "from-64", "not-63", "while-sounding", "after", "to-the-end", "struck-again", "other", "drums", "re-"],
)
def test_the_pedal_holds_notes(tmp_path: Path, events: list[mido.Message], expected: list[tuple[int, ...]]) -> None:
    assert spans(read_midi(midi(tmp_path / "a.mid", events))) == expected


def test_a_pedal_in_a_track_of_its_own_holds_the_notes_of_its_channel(tmp_path: Path) -> None:
    path = midi(tmp_path / "a.mid", [strike(60), release(60, 100)], [pedal(127, 50), pedal(0, 250)])
    assert spans(read_midi(path)) == [(60, 0, 300)]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([strike(60), release(60)], [(60, 0, 1)]),
        ([strike(60), release(60), strike(60), release(60, 10)], [(60, 0, 10), (60, 0, 1)]),
        ([strike(60), strike(62, 100), release(62, 100)], [(60, 0, 200), (62, 100, 200)]),
        ([strike(60), strike(60, 100), release(60, 0), release(60, 100)], [(60, 0, 100), (60, 100, 200)]),
        ([strike(60), strike(60, 100), release(60, 100), release(60, 100)], [(60, 0, 200), (60, 100, 200)]),
        ([release(60), strike(60, 100), release(60, 100)], [(60, 100, 200)]),
        ([strike(60), program(3, 50), release(60, 50)], [(60, 0, 100)]),
    ],
    ids=["no-length", "no-length-again", "never-ended", "wrong-way-round", "overlap", "stray-end", "program"],
)
def test_every_note_on_is_a_note(tmp_path: Path, events: list[mido.Message], expected: list[tuple[int, ...]]) -> None:
    score = read_midi(midi(tmp_path / "a.mid", events))
    assert sorted(spans(score)) == sorted(expected)
    assert {note.program for note in score.notes} == {0}


def test_smpte_time_is_read(tmp_path: Path) -> None:
    track = b"\0\xff\x51\3\x01\x86\xa0" + b"\x8f\x50\x90\x3c\x40" + b"\x87\x68\x80\x3c\x40" + b"\0\xff\x2f\0"

    def file(rate: int, ticks: int) -> Path:
        path = tmp_path / "a.mid"
        path.write_bytes(
            b"MThd" + struct.pack(">IHHbB", 6, 0, 1, -rate, ticks) + b"MTrk" + struct.pack(">I", 21) + track
        )
        return path

    assert spans(read_midi(file(25, 40))) == [(60, 2000, 3000)]  # the tempo means nothing
    assert spans(read_midi(file(24, 100))) == [(60, 833, 1250)]
    assert spans(read_midi(file(29, 100))) == [(60, 667, 1001)]  # 30000/1001 frames a second


@pytest.mark.parametrize("name", ["", "gone.mid", "."])
def test_what_is_not_there_or_no_file_is_an_error_of_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"cannot read|is a folder") as caught:
        read_midi(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_an_empty_file_a_device_and_a_name_with_a_nul_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(b"")
    for path, message in ((tmp_path / "a.mid", "is empty"), ("a\0b.mid", "cannot read")):
        with pytest.raises(DataError, match=message):
            read_midi(path)
    if os.path.exists("/dev/zero"):
        with pytest.raises(DataError, match="device"):
            read_midi("/dev/zero")


def test_a_refusal_names_the_file_and_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(DataError, match=r"^cannot use .*a\.mid as MIDI: it begins with 89 50 4e 47, not with MThd"):
        read_midi(path)


def test_an_exception_of_pretty_midi_is_a_data_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**anything: object) -> None:
        raise IndexError("two\nlines")

    path = midi(tmp_path / "a.mid", [strike(60), release(60, 10)])
    monkeypatch.setattr(pretty_midi, "PrettyMIDI", refuse)
    with pytest.raises(DataError, match=r"cannot use .* as MIDI: pretty_midi refuses .*\(two lines\); export it again"):
        read_midi(path)


def test_a_piece_of_more_than_a_day_is_refused(tmp_path: Path) -> None:
    slow = mido.MetaMessage("set_tempo", tempo=0xFFFFFF)
    path = midi(tmp_path / "a.mid", [slow, strike(60), release(60, 10_000)], division=1)
    with pytest.raises(DataError, match="it lasts 47 hours, at most 24 are read; cut it"):
        read_midi(path)


def test_reading_needs_pretty_midi_only_when_it_reads() -> None:
    import subprocess

    code = "import sys, seqgen.domains.music.formats.midi; print('pretty_midi' in sys.modules, 'mido' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False", "False"]


# What others say is in a file


def files(data: Path) -> list[Path]:
    found = [
        path
        for kind in ("*.mid", "*.midi")
        for folder in ("midi_edge", "groove")
        for path in data.glob(f"{folder}/**/{kind}")
    ]
    assert len(found) == 116
    return sorted(found)


def test_every_file_of_the_data_is_a_score_or_an_error_of_one_line(data: Path) -> None:
    refused = {}
    for path in files(data):
        try:
            score = read_midi(path)
        except DataError as error:
            assert "\n" not in str(error)
            refused[path.name] = str(error)
            continue
        if (
            path.name != "test-non-midi-track.mid" and path.name != "test-running-status-sysex.mid"
        ):  # which mido refuses
            messages = [message for track in mido.MidiFile(path).tracks for message in track]
            assert len(score.notes) == sum(m.type == ON and m.velocity > 0 for m in messages), path
    assert sorted(refused) == [
        "MIDIBadHeaderFormat.mid",
        "MIDIBadHeaderSMTPE.mid",
        "MIDIBadTrackHdr.mid",
        "PiDamaged.mid",
        "test-2-tracks-type-2.mid",
        "test-empty-file.mid",
        "test-illegal-message-f5.mid",
    ]


@pytest.mark.parametrize("name", ["midly/test-asset/Clementi.mid", "note-seq/note_seq/testdata/example_complex.mid"])
def test_an_ordinary_file_is_what_pretty_midi_reads(data: Path, name: str) -> None:
    path = data / "midi_edge" / name
    theirs = [
        (note.start, note.pitch, note.end, note.velocity, DRUMS if instrument.is_drum else instrument.program)
        for instrument in pretty_midi.PrettyMIDI(str(path)).instruments
        for note in instrument.notes
    ]
    ours = [(note.onset, note.pitch, note.end, note.velocity, note.program) for note in read_midi(path).notes]
    assert len(ours) > 500
    assert sorted(ours) == [pytest.approx(note, abs=1e-9) for note in sorted(theirs)]


def test_groove_is_what_mido_reads(data: Path) -> None:
    count = 0
    for path in sorted((data / "groove").glob("**/*.mid")):
        ours = [(note.onset, note.pitch, note.end, note.velocity) for note in read_midi(path).notes]
        assert [note[:2] for note in ours] == [pytest.approx(note[:2], abs=1e-6) for note in by_mido(path)]
        assert {note.program for note in read_midi(path).notes} == {DRUMS}
        count += len(ours)
    assert count == 516


@pytest.mark.parametrize("name", ["bach/bach_847", "bach/bach_format0", "debussy/childrens_corner_1"])
def test_the_note_lists_of_tonejs(data: Path, name: str) -> None:
    path = data / "midi_edge/tonejs/test/midi" / f"{name}.mid"
    rows = [line.split("\t") for line in path.with_suffix(".mid.txt").read_text("utf-8").splitlines()]
    theirs = sorted((float(row[1]), int(row[0]), float(row[2])) for row in rows if len(row) == 3)
    ours = sorted((note.onset, note.pitch, note.end) for note in read_midi(path).notes)
    pairs = list(zip(sorted(ours, key=lambda n: (n[1], n[0])), sorted(theirs, key=lambda n: (n[1], n[0])), strict=True))
    for our, their in pairs:
        assert our[1] == their[1]
        assert our[0] == pytest.approx(their[0], abs=1e-3)
    # The lists know no pedal, which only the last piece uses; its two hands strike the same keys.
    longer = sum(our[2] > their[2] + 1e-3 for our, their in pairs)
    assert (longer > 300) if "debussy" in name else longer == 0


# Writing


SCALE = [Note(0.25 * step, 60 + step, 0.25, 70 + step, 0, 0) for step in range(8)]
RICH = Score(
    [*SCALE, *(Note(0.31 + 0.5 * i, 40 + i, 0.07, 100, DRUMS, 1) for i in range(8)), Note(1.0, 50, 3.0, 1, 73, 2)],
    [Tempo(0.0, 120.0), Tempo(1.2345, 67.3), Tempo(2.5, 200.0)],
    [Meter(0.0, 3, 4), Meter(1.5, 6, 8)],
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_midi(RICH, tmp_path / "a.mid")
    same(read_midi(tmp_path / "a.mid"), RICH)
    write_midi(Score([]), str(tmp_path / "b.mid"))
    assert read_midi(tmp_path / "b.mid") == Score([])


def test_mido_alone_reads_what_is_written(tmp_path: Path) -> None:
    write_midi(RICH, tmp_path / "a.mid")
    theirs = by_mido(tmp_path / "a.mid")
    assert theirs == [
        (pytest.approx(n.onset, abs=1e-3), n.pitch, pytest.approx(n.end, abs=1e-3), n.velocity) for n in RICH.notes
    ]
    file = mido.MidiFile(tmp_path / "a.mid")
    assert [track.name for track in file.tracks] == ["", "Acoustic Grand Piano", "Drums", "Flute"]
    assert [m.tempo for m in file.tracks[0] if m.type == "set_tempo"] == [500_000, round(6e7 / 67.3), 300_000]
    assert {m.channel for m in file.tracks[2] if m.type == ON} == {9}


@pytest.mark.parametrize("bpm", [4.0, 20.0, 61.7, 95.0, 120.0, 333.3, 1000.0])
def test_hundredths_and_sixteenths_keep_their_place_at_any_tempo(tmp_path: Path, bpm: float) -> None:
    step = 15 / bpm
    notes = [Note(i * step, 60, step) for i in range(64)] + [Note(i * 0.01, 30 + i, 0.01, part=1) for i in range(64)]
    score = Score(notes, [Tempo(0.0, bpm)])
    write_midi(score, tmp_path / "a.mid")
    same(read_midi(tmp_path / "a.mid"), score)


def test_a_long_piece_does_not_drift(tmp_path: Path) -> None:
    score = Score([Note(float(at), 60, 1.0) for at in range(0, 2400, 60)], [Tempo(0.0, 95.0), Tempo(1000.0, 120.0)])
    write_midi(score, tmp_path / "a.mid")
    same(read_midi(tmp_path / "a.mid"), score)


def test_a_piece_of_a_day_is_written_more_coarsely_and_read_again(tmp_path: Path) -> None:
    score = Score([Note(0.0, 60, 1.0), Note(86_000.0, 60, 1.0)])
    write_midi(score, tmp_path / "a.mid")
    same(read_midi(tmp_path / "a.mid"), score, 0.02)


def test_more_parts_than_channels_are_written(tmp_path: Path) -> None:
    score = Score([Note(0.1 * i, 60, 0.5, program=i % 128, part=i) for i in range(40)])
    write_midi(score, tmp_path / "a.mid")
    same(read_midi(tmp_path / "a.mid"), score)


def test_short_and_overlapping_notes_are_kept(tmp_path: Path) -> None:
    write_midi(Score([Note(0.5, 60, 0.0), Note(1.0, 62, 2.0), Note(2.0, 62, 2.0)]), tmp_path / "a.mid")
    assert spans(read_midi(tmp_path / "a.mid")) in (
        [(60, 500, 501), (62, 1000, 2000), (62, 2000, 4000)],
        [(60, 500, 502), (62, 1000, 2000), (62, 2000, 4000)],
    )


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 2000), st.integers(0, 127), st.integers(1, 300), st.integers(1, 127)),
        max_size=20,
        unique_by=lambda note: note[1],
    ),
    st.floats(5, 400),
)
def test_any_score_comes_back(
    tmp_path_factory: pytest.TempPathFactory, notes: list[tuple[int, ...]], bpm: float
) -> None:
    score = Score([Note(o / 100, p, d / 100, v) for o, p, d, v in notes], [Tempo(0.0, bpm)])
    path = tmp_path_factory.mktemp("any") / "a.mid"
    write_midi(score, path)
    same(read_midi(path), score)


def test_extreme_tempos_are_clipped_or_refused(tmp_path: Path) -> None:
    score = Score([Note(1.0, 60, 1.0)], [Tempo(0.0, 1e-300)])
    write_midi(score, tmp_path / "a.mid")
    read = read_midi(tmp_path / "a.mid")
    assert spans(read) == [(60, 1000, 2000)]
    assert read.tempos[0].bpm == pytest.approx(6e7 / 0xFFFFFF)
    with pytest.raises(UsageError, match=r"quarter notes, too many for MIDI; write it in slower tempos"):
        write_midi(Score([Note(9000.0, 60, 1.0)], [Tempo(0.0, 60_000.0)]), tmp_path / "a.mid")


@pytest.mark.parametrize("meter", [Meter(0.0, 4, 3), Meter(0.0, 256, 4), Meter(0.0, 4, 256)])
def test_a_meter_midi_has_not_is_refused(tmp_path: Path, meter: Meter) -> None:
    with pytest.raises(UsageError, match=rf"MIDI has no meter {meter.numerator}/{meter.denominator}; write one"):
        write_midi(Score(SCALE, meters=[meter]), tmp_path / "a.mid")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "gone" / "a.mid", tmp_path / "a\0.mid", Path("")):
        with pytest.raises(UsageError, match="cannot write") as caught:
            write_midi(Score(SCALE), place)
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(b"old")
    write_midi(Score(SCALE), path)
    assert len(read_midi(path).notes) == 8
    assert [file.name for file in tmp_path.iterdir()] == ["a.mid"]


def test_a_note_ends_before_the_next_one_begins_on_the_same_tick(tmp_path: Path) -> None:
    line = [
        Note(0.25 * i, pitch, 0.25, part=part) for part in (0, 1) for i, pitch in enumerate((60, 62, 61, 62, 61, 61))
    ]
    write_midi(Score(line), tmp_path / "a.mid")
    for track in mido.MidiFile(tmp_path / "a.mid").tracks[1:]:
        sounding = 0
        for message in track:
            if message.type == ON:
                sounding += 1 if message.velocity else -1
                assert 0 <= sounding <= 1
        assert sounding == 0


def test_tracks_are_told_apart_by_name(tmp_path: Path) -> None:
    choir = [Note(0.0, 60, 1.0, program=52, part=part) for part in range(4)]
    for names, told in (
        ((), ["Choir Aahs 1", "Choir Aahs 2", "Choir Aahs 3", "Choir Aahs 4"]),
        (("Soprano", "Alto", "Tenor", "Bass"), ["Soprano", "Alto", "Tenor", "Bass"]),
        (("Chœur", "Chœur", "", "Bass"), ["Chœur 1", "Chœur 2", "Choir Aahs", "Bass"]),
    ):
        write_midi(Score(choir, names=names), tmp_path / "a.mid")
        assert [track.name for track in mido.MidiFile(tmp_path / "a.mid", charset="utf-8").tracks[1:]] == told
        assert read_midi(tmp_path / "a.mid").names == (
            () if not names else tuple("" if "Aahs" in name else name for name in told)
        )


def test_key_signatures_are_written_and_read(tmp_path: Path) -> None:
    keys = [
        Key(0.5 * at, fifths, mode) for at, (fifths, mode) in enumerate((f, m) for f in range(-7, 8) for m in MODES)
    ]
    score = Score([Note(0.0, 60, 20.0)], keys=keys)
    write_midi(score, tmp_path / "a.mid")
    assert [key[1:] for key in read_midi(tmp_path / "a.mid").keys] == [key[1:] for key in keys]
    assert [key.time for key in read_midi(tmp_path / "a.mid").keys] == pytest.approx([key.time for key in keys])
