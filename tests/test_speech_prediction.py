"""What goes on from a clip: learned from recordings without texts, drawn frame by frame, told apart from voices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from speech_clips import TEXTS, robot

from seqgen.domain import Splits
from seqgen.domains.speech import Clip, SoundCodec, SoundModel, load, load_sound, predicts, read_clips, train, write_wav
from seqgen.domains.speech.sound.analysis import analysed
from seqgen.errors import DataError, ModelError, UnknownName, UsageError
from seqgen.shell.cli import main

pytestmark = pytest.mark.usefixtures("mixed_numbers")

CLIPS = [Clip(robot(text, seed=number).samples, name=f"r{number}") for number, text in enumerate(TEXTS[:6])]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "sound"
    data = Splits(CLIPS[:5], CLIPS[5:])
    return train(data, folder, network="prediction", size="tiny", steps=30, rows=4, window=64).folder


@pytest.fixture(scope="module")
def model(run: Path) -> SoundModel:
    return load_sound(run)


def test_movements_add_up_to_frames() -> None:
    codec = SoundCodec.fit(CLIPS)
    again = SoundCodec.from_dict(codec.to_dict())
    steps = again.encode(CLIPS[0]).steps
    assert steps.dtype == np.float32 and np.square(steps[1:]).mean() == pytest.approx(1, abs=0.4)
    frames, own = codec.frames(steps), analysed(CLIPS[0])
    assert np.abs(frames.cepstra - own.cepstra).max() < 0.02 and np.array_equal(frames.voiced, own.voiced)
    assert codec.canonical(CLIPS[0]) == codec.decode(steps)
    wild = codec.decode(np.full((50, 63), np.nan)), codec.decode(np.full((50, 63), 1e30, np.float32))
    assert all(np.abs(clip.samples).max() <= 0.9 for clip in wild)


def test_a_clip_is_gone_on_from(model: SoundModel) -> None:
    made = model.continued(CLIPS[5], seconds=1.0, seed=1)
    end = len(CLIPS[5].samples) // 160 * 160
    assert made.rate == 16_000 and len(made.samples) == end + 16_000 and np.isfinite(made.samples).all()
    np.testing.assert_allclose(made.samples[: end - 160], CLIPS[5].samples[: end - 160], atol=1e-6)
    assert np.abs(made.samples[end:]).max() > 1e-3
    assert model.continued(CLIPS[5], seconds=1.0, seed=1) == made != model.continued(CLIPS[5], seconds=1.0, seed=2)
    with pytest.raises(UsageError, match=r"seconds is 90; give 0\.01 to 60 of what is to be made"):
        model.continued(CLIPS[5], seconds=90)
    with pytest.raises(UsageError, match="temperature is -1"):
        model.continued(CLIPS[5], temperature=-1)
    with pytest.raises(DataError, match="has no sound: there is nothing that could go on"):
        model.continued(Clip(np.zeros(0, np.float32)))


def test_it_is_likelier_than_by_movements_alone(model: SoundModel) -> None:
    score = model.score(CLIPS[5:])
    assert score.nats < score.still and score.frames == len(CLIPS[5].samples) // 160
    with pytest.raises(DataError, match="there is nothing to score"):
        model.score([])


def test_it_is_told_apart_from_a_voice(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predicts(run) and not predicts("alto")
    with pytest.raises(
        ModelError, match="goes on from clips and says no texts: give a model trained with --network syn"
    ):
        load(run)
    with pytest.raises(UnknownName, match="no network named 'other'"):
        train(Splits(CLIPS, CLIPS), tmp_path / "run", network="other")
    with pytest.raises(DataError, match="give clips with sound"):
        SoundCodec.fit([Clip(np.zeros(0, np.float32), text="Hm.")])
    with pytest.raises(ModelError, match="the codec of a model of sound is none"):
        SoundCodec.from_dict({"kind": "sound", "means": [], "scales": []})
    for clip in CLIPS[4:]:
        write_wav(tmp_path / f"{clip.name}.wav", clip.samples, clip.rate)
    assert len(read_clips(tmp_path, texts=False)[0]) == 2
    with pytest.raises(DataError, match=r"there is no text to it; write what is said into r4\.txt"):
        read_clips(tmp_path)
    out = tmp_path / "more.wav"
    assert not main(
        ["speech", "continue", str(tmp_path / "r5.wav"), "--model", str(run), "--seconds", "1", "--out", str(out)]
    )
    assert out.exists() and "s on made" in capsys.readouterr().out
    assert not main(["speech", "score", str(tmp_path), "--model", str(run)])
    assert "how far frames usually move" in capsys.readouterr().out
