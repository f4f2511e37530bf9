"""The built-in synthesiser, judged by numbers: pitch, envelope, level, clicks, aliases, speed."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.domains.music.score import DRUMS, Note, Score
from seqgen.domains.music.showing.drums import KIT, drum
from seqgen.domains.music.showing.synth import LONGEST, PEAK, RATE, TAIL, level, synthesize
from seqgen.domains.music.showing.timbres import BAND, Partials, timbre
from seqgen.errors import UsageError

SUSTAINED = (19, 40, 52, 56, 65, 71, 73, 80, 89)
DECAYING = (0, 6, 8, 12, 25, 33, 45, 108)


def one(pitch: int, duration: float = 1.0, velocity: int = 80, program: int = 0, rate: int = RATE) -> np.ndarray:
    """A single note, both channels as one, as it sounds from onset to the end of the tail."""
    return synthesize(Score([Note(0.0, pitch, duration, velocity, program)]), rate).mean(1)


def loudness(sound: np.ndarray, start: float, stop: float, rate: int = RATE) -> float:
    """Root mean square between two times."""
    return float(np.sqrt(np.mean(sound[round(start * rate) : round(stop * rate)].astype(float) ** 2)))


def spectrum(sound: np.ndarray, rate: int = RATE) -> tuple[np.ndarray, np.ndarray]:
    size = 1 << 18
    return np.fft.rfftfreq(size, 1 / rate), abs(np.fft.rfft(sound * np.hanning(len(sound)), size))


@pytest.mark.parametrize("program", SUSTAINED + DECAYING)
@pytest.mark.parametrize("pitch", [45, 60, 84])
def test_the_strongest_partial_is_the_pitch(program: int, pitch: int) -> None:
    rate = 16_000
    hertz, strength = spectrum(one(pitch, 0.8, program=program, rate=rate)[: round(0.8 * rate)], rate)
    assert hertz[strength.argmax()] == pytest.approx(440 * 2 ** ((pitch - 69) / 12), rel=0.01)


def test_partials_are_the_damped_sines_they_name() -> None:
    tone = Partials(np.array([440.0, 1234.5]), np.array([0.6, 0.8j]), np.array([0.0, 3.0]))
    when = (np.arange(1000) + 50_000) / RATE
    wanted = 0.6 * np.sin(2 * np.pi * 440 * when) + 0.8 * np.cos(2 * np.pi * 1234.5 * when) * np.exp(-3 * when)
    np.testing.assert_allclose(tone.wave(50_000, 1000, RATE), wanted, atol=2e-6)


@pytest.mark.parametrize("program", range(128))
def test_every_program_has_a_tone_within_the_band(program: int) -> None:
    for pitch in (0, 60, 127):
        tone = timbre(program).partials(pitch, 3, RATE)
        assert len(tone.frequencies) and (tone.frequencies < BAND * RATE).all() and (tone.frequencies > 0).all()
        assert (abs(tone.strengths) ** 2).sum() == pytest.approx(1)


@pytest.mark.parametrize("program", DECAYING)
def test_struck_and_plucked_tones_die_away(program: int) -> None:
    sound = one(67, 1.5, program=program)
    steps = [loudness(sound, start, start + 0.25) for start in (0.02, 0.5, 1.0)]
    assert steps[0] > 1.15 * steps[1] and steps[1] > 1.15 * steps[2]


@pytest.mark.parametrize("program", SUSTAINED)
def test_blown_and_bowed_tones_last(program: int) -> None:
    sound = one(67, 6.0, program=program)
    assert 0.6 < loudness(sound, 4, 6) / loudness(sound, 1, 3) < 1.6
    assert loudness(sound, 7, 7.2) < 0.05 * loudness(sound, 4, 6)  # only the room is left


def test_strings_come_in_slower_than_the_piano() -> None:
    rise = {}
    for program in (0, 48):
        sound = one(60, 1.0, program=program)
        rise[program] = loudness(sound, 0, 0.03) / loudness(sound, 0.2, 0.5)
    assert rise[48] < 0.3 and rise[0] > 0.9


@pytest.mark.parametrize("program", [*SUSTAINED, *DECAYING, DRUMS])
@pytest.mark.parametrize("duration", [0.0, 0.01, 0.7])
def test_notes_begin_and_end_without_a_click(program: int, duration: float) -> None:
    """The largest step between two samples is no larger at the edges than where the note just sounds."""
    onset = 0.5
    score = Score([Note(onset, 48, duration, 110, program)])
    sound = synthesize(score)[:, 0]
    assert abs(sound[: round(onset * RATE)]).max() < 1e-6
    step = abs(np.diff(sound, prepend=0.0))
    edge = round(onset * RATE)
    assert step[edge : edge + 22].max() <= max(0.5 * step.max(), 1e-4)  # half a millisecond
    assert step[-4410:].max() < 2e-3
    bend = abs(np.diff(sound, 2)) / max(abs(sound).max(), 1e-9)
    assert bend.max() < (0.8 if program == DRUMS else 0.25)


def test_a_held_note_has_no_seams() -> None:
    """Tones are computed in blocks of 2 s: at the borders nothing jumps."""
    sound = one(60, 6.5, program=19)
    bend = abs(np.diff(sound, 2))
    seams = max(bend[round(t * RATE) - 8 : round(t * RATE) + 8].max() for t in (2, 4, 6))
    assert seams <= 1.05 * bend[round(2.5 * RATE) : round(3.5 * RATE)].max()


def test_what_a_note_sounds_like_does_not_depend_on_where_it_stands() -> None:
    alone = synthesize(Score([Note(0.0, 60, 3.0, 80, 73)]))
    later = synthesize(Score([Note(4.25, 60, 3.0, 80, 73)]))
    np.testing.assert_allclose(later[round(4.25 * RATE) :], alone, atol=1e-5)


def dense() -> Score:
    random = np.random.default_rng(1)
    notes = [
        Note(float(random.uniform(0, 2)), int(random.integers(21, 109)), 0.5, 127, int(random.integers(129)), i % 5)
        for i in range(80)
    ]
    return Score([note._replace(pitch=35 + note.pitch % 47) if note.program == DRUMS else note for note in notes])


def test_a_wall_of_sound_neither_clips_nor_drifts() -> None:
    sound = synthesize(dense())
    assert sound.dtype == np.float32 and sound.shape == (round((dense().seconds + TAIL) * RATE), 2)
    assert np.isfinite(sound).all()
    assert 0.85 < abs(sound).max() <= 0.98
    assert abs(sound.mean(0)).max() < 1e-3
    assert loudness(sound, 0.3, 2) > 0.1  # and is not crushed by a single peak
    assert abs(sound[-1]).max() < 1e-4 and loudness(sound[-4410:], 0, 0.1) < 3e-3


def test_the_same_score_makes_the_same_samples() -> None:
    np.testing.assert_array_equal(synthesize(dense()), synthesize(dense()))


def test_parts_stand_apart_and_one_part_in_the_middle() -> None:
    middle = synthesize(Score([Note(0.0, 64, 1.0, 80, 73)]))[: RATE // 2]
    assert np.std(middle[:, 0]) == pytest.approx(np.std(middle[:, 1]), rel=0.25)  # but for the room
    left, right = (
        synthesize(Score([Note(0.0, 64, 1.0, 80, 73, part), Note(2.0, 64, 0.1, 1, 73, 1 - part)]))[: RATE // 2].std(0)
        for part in (0, 1)
    )
    assert left[0] > 1.2 * left[1] and right[1] > 1.2 * right[0]


def test_velocity_is_loudness_and_brightness() -> None:
    # A loud note at the end sets the level for all.
    notes = [Note(2.0 * i, 55, 0.8, velocity) for i, velocity in enumerate((20, 50, 80, 110, 127))]
    sound = synthesize(Score(notes)).mean(1)
    steps = np.array([loudness(sound, 2.0 * i, 2.0 * i + 0.5) for i in range(5)])
    assert (steps[1:] > 1.15 * steps[:-1]).all() and steps[4] / steps[0] < 60
    bright = []
    for velocity in (20, 120):
        hertz, strength = spectrum(one(55, 0.8, velocity)[: RATE // 2])
        bright.append((hertz * strength).sum() / strength.sum())
    assert bright[1] > 1.2 * bright[0]


def test_a_quiet_piece_stays_quiet() -> None:
    soft, loud = (abs(one(60, 1.0, velocity)).max() for velocity in (10, 120))
    assert 0.001 < soft < 0.1 * loud


def test_level_is_one_factor() -> None:
    sound = np.array([[0.5, -2.0], [0.1, 0.0]], np.float32)
    np.testing.assert_allclose(level(sound.copy()), sound * (PEAK / 2), rtol=1e-6)
    np.testing.assert_allclose(level(sound.copy() / 100), sound * 0.03, rtol=1e-6)
    assert not level(np.zeros((0, 2), np.float32)).size and not level(np.zeros((9, 2), np.float32)).any()


@pytest.mark.parametrize("rate", [16_000, RATE])
@pytest.mark.parametrize("program", [0, 40, 56, DRUMS])
def test_nothing_above_the_band(program: int, rate: int) -> None:
    notes = [Note(0.2 * i, pitch, 0.3, 127, program) for i, pitch in enumerate((36, 42, 49, 72, 100, 120))]
    hertz, strength = spectrum(synthesize(Score(notes), rate).mean(1), rate)
    assert strength[hertz > (BAND + 0.02) * rate].max() < 3e-3 * strength.max()


@pytest.mark.parametrize("pitch", [100, 108, 120, 127])
def test_high_notes_do_not_fold_back(pitch: int) -> None:
    hertz, strength = spectrum(one(pitch, 1.0, 127, 56)[: RATE // 2])
    assert strength[hertz < 0.9 * 440 * 2 ** ((pitch - 69) / 12)].max() < 0.01 * strength.max()


def centroid(pitch: int) -> float:
    hertz, strength = spectrum(drum(pitch).wave(pitch, RATE))
    return float((hertz * strength**2).sum() / (strength**2).sum())


def test_drums_differ_as_drums_do() -> None:
    kick, low_tom, high_tom, snare, hat = (centroid(pitch) for pitch in (36, 41, 50, 38, 42))
    assert kick < 150 and kick < low_tom < high_tom < snare < hat and snare > 1000 and hat > 6000
    assert len({centroid(pitch) for pitch in (36, 38, 39, 42, 46, 49, 51, 56, 75)}) == 9
    long = {pitch: len(drum(pitch).wave(pitch, RATE)) for pitch in (42, 46, 49)}
    assert 3 * long[42] < long[46] < long[49]


@pytest.mark.parametrize("pitch", [0, *KIT, 127])
def test_a_stroke_starts_and_ends_in_silence(pitch: int) -> None:
    for rate in (RATE, 8_000):
        wave = drum(pitch).wave(pitch, rate)
        assert wave.dtype == np.float32 and np.isfinite(wave).all()
        assert abs(wave).max() == pytest.approx(1) and abs(wave[0]) < 1e-6 and abs(wave[-1]) < 1e-6
        assert abs(wave.mean()) < 0.02
        late = abs(wave[-len(wave) // 8 :]).max()
        assert late < 0.05


def test_nothing_is_a_short_silence() -> None:
    sound = synthesize(Score([]))
    assert sound.shape == (round(TAIL * RATE), 2) and not sound.any()


def test_more_than_an_hour_is_refused() -> None:
    with pytest.raises(UsageError, match=r"lasts 3,601 s and only 3,600 s can be made into sound; cut it"):
        synthesize(Score([Note(LONGEST, 60, 1.0)]))


def test_thirty_seconds_of_four_parts_are_quick() -> None:
    notes = [
        Note(0.5 * beat, base + (7 * beat) % 12, 0.5, 80, 48, part)
        for part, base in enumerate((40, 50, 60, 70))
        for beat in range(60)
    ]
    synthesize(Score(notes[:1]))
    start = time.process_time()
    synthesize(Score(notes))
    assert time.process_time() - start < 6  # 0.7 s on one slow core; the machine that tests may be busier still


@settings(max_examples=25)
@given(
    st.lists(
        st.builds(
            Note,
            st.floats(0, 2),
            st.integers(0, 127),
            st.floats(0, 2.5),
            st.integers(1, 127),
            st.integers(0, DRUMS),
            st.integers(-3, 300),
        ),
        max_size=6,
    )
)
def test_any_score_sounds(notes: list[Note]) -> None:
    sound = synthesize(Score(notes), 8_000)
    assert np.isfinite(sound).all() and abs(sound).max(initial=0) <= 0.98
    assert abs(sound[-1]).max() < 1e-3
