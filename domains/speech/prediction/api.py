"""What goes on from a clip, as people hold it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seqgen.errors import DataError, ModelError, UsageError
from seqgen.models.model import Model
from seqgen.models.pretrained import open_model
from seqgen.nn.context import Params

from ..clip import Clip
from ..presets import DOMAIN
from ..sound.analysis import resampled
from ..sound.frames import HOP, SECONDS
from ..sound.vocoder import synthesised
from .codec import SoundCodec

LONGEST = 60.0  # seconds that are made
BLEND = 160  # samples in which what was recorded gives way to what is made
TEMPERATURE = 0.5


class SoundScore(NamedTuple):
    """Nats a frame of 10 ms, and those of who only knows how far frames usually move, `still`. frames: how many.

    >>> SoundScore(60.0, 88.0, 1000).still
    88.0
    """

    nats: float
    still: float
    frames: int


@dataclass(frozen=True, eq=False)
class SoundModel:
    """Speech without a text. Make one with `load_sound`.

    >>> import jax
    >>> from seqgen.domains.speech.prediction.task import SIZES
    >>> clip = Clip(np.random.default_rng(0).normal(0, 0.1, 16_000))
    >>> codec = SoundCodec.fit([clip])
    >>> model = SIZES["tiny"].model(codec)
    >>> SoundModel(codec, model, model.init(jax.random.key(0)), "new").continued(clip, seconds=0.5).seconds
    1.5
    """

    codec: SoundCodec
    model: Model
    params: Params
    name: str

    def continued(self, clip: Clip, *, seconds: float = 3.0, temperature: float = TEMPERATURE, seed: int = 0) -> Clip:
        """The clip, at 16 kHz, and so many seconds after it.

        temperature: 0 for what is likeliest, which soon is a hum, to 1, as learned. Raises UsageError for settings out of
        range, DataError for a clip without sound.
        """
        import jax

        from seqgen.heads import Options
        from seqgen.sampling import check, sample

        if not SECONDS <= seconds <= LONGEST:
            raise UsageError(f"seconds is {seconds}; give {SECONDS} to {LONGEST:.0f} of what is to be made")
        options = Options(temperature=temperature)
        check(options, seed)
        given = self.codec.encode(clip).steps
        length = round(seconds / SECONDS)
        (made,) = sample(self.model, self.params, jax.random.key(seed), [given], length=length, options=options)
        sound = synthesised(self.codec.frames(np.concatenate([given, made])))
        end = len(given) * HOP
        said = np.pad(resampled(clip), (0, HOP))[:end]
        share = np.linspace(1, 0, min(BLEND, end))
        sound[: end - len(share)] = said[: end - len(share)]
        sound[end - len(share) : end] = share * said[end - len(share) :] + (1 - share) * sound[end - len(share) : end]
        return Clip(sound, name=clip.name)

    def score(self, clips: Sequence[Clip]) -> SoundScore:
        """How likely recordings are. Raises DataError for none."""
        from seqgen.training.scoring import total_nats  # here: going on needs none of it

        if not clips:
            raise DataError("there is nothing to score: give a clip or more")
        examples = [self.codec.encode(clip) for clip in clips]
        moves = np.concatenate([example.steps for example in examples])
        still = 0.5 * float((moves**2).sum(axis=1).mean()) + 0.5 * np.log(2 * np.pi) * moves.shape[1]
        return SoundScore(total_nats(self.model, self.params, examples) / len(moves), still, len(moves))


def load_sound(model: str | os.PathLike[str]) -> SoundModel:
    """A run or model folder that was trained with `--network prediction`. Raises ModelError for a voice.

    >>> load_sound("alto")
    Traceback (most recent call last):
    ...
    seqgen.errors.ModelError: alto says texts and does not go on from a clip: give a model trained with --network prediction
    """
    codec, given = open_model(DOMAIN, model)
    name = os.fspath(model)
    if not isinstance(codec, SoundCodec) or not isinstance(given.model, Model):
        raise ModelError(
            f"{name} says texts and does not go on from a clip: give a model trained with --network prediction"
        )
    return SoundModel(codec, given.model, given.params, name)


def predicts(model: str | os.PathLike[str]) -> bool:
    """Whether this goes on from clips, and says no texts. Raises UnknownName, ModelError.

    >>> predicts("alto")
    False
    """
    return isinstance(open_model(DOMAIN, model)[0], SoundCodec)
