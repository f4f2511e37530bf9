"""The page's synthesiser beside Python's: the instruments, and the drums."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from studio_page import ask, shipped

from seqgen.domains.music.showing.drums import drum
from seqgen.domains.music.showing.timbres import timbre

pytestmark = pytest.mark.node
RATE, PROGRAMS, PITCHES = 44_100, [0, 6, 8, 13, 19, 33, 40, 52, 56, 71, 73, 80, 88, 110, 127], [28, 60, 91]


def test_instruments_and_drums_are_those_of_python() -> None:
    told = ask("sounds", shipped("music", "chorales"), programs=PROGRAMS, pitches=PITCHES, rate=RATE)
    for program, found in zip(PROGRAMS, told["timbres"], strict=True):
        wanted = asdict(timbre(program)) | {"modes": [list(mode) for mode in timbre(program).modes] or None}
        assert found == wanted | {"layers": [list(layer) for layer in timbre(program).layers]}
    rows = iter(zip(told["tones"], told["waves"], strict=True))
    for program in PROGRAMS:
        for pitch in PITCHES:
            tone, wave = next(rows)
            wanted_tone = replace(timbre(program), vibrato=0.0).partials(pitch, program % 4, RATE)
            assert [one["hertz"] for one in tone] == pytest.approx(wanted_tone.frequencies.tolist())
            assert [one["strength"] for one in tone] == pytest.approx(abs(wanted_tone.strengths).tolist())
            assert [one["damping"] for one in tone] == pytest.approx(wanted_tone.dampings.tolist())
            assert np.abs(np.array(wave) - wanted_tone.wave(0, len(wave), RATE)).max() < 1e-4
    for pitch, found in enumerate(told["drums"]):
        assert found == asdict(drum(pitch)) | {"band": list(drum(pitch).band)}, pitch
