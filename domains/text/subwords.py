"""Sub-words to ids and back: byte pairs, merged in the order in which they were learned."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seqgen.errors import ModelError, UsageError

from .codec import BYTES, FIT_LENGTH, Symbol, canonical
from .pieces import LONGEST, PATTERN, Spelt

MOST = 8192  # merges
LEAST = 10  # times that a pair stands in the training texts


@dataclass(frozen=True)
class Subwords(Spelt):
    """Ids of the 256 bytes, then one for each merge of two before it; a `seqgen.domain.Codec` of texts.

    Byte pair encoding (Sennrich, Haddow & Birch 2016) within words. Hugging Face's tokenizers learns the merges; encoding
    and decoding need this class alone, and a model holds nothing but pairs of numbers.

    merges: the ids that each id from 256 on is made of. Raises ModelError for what stands for no bytes yet.

    >>> codec = Subwords(((116, 104), (256, 101)))
    >>> codec.encode("the moth").steps.tolist(), codec.decode([257, 256])
    ([257, 32, 109, 111, 256], 'theth')
    """

    merges: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if len(self.merges) > MOST:
            raise ModelError(f"{len(self.merges)} merges are over the limit of {MOST}; the model is damaged")
        sizes = [1] * BYTES
        for number, pair in enumerate(self.merges, BYTES):
            if len(pair) != 2 or not all(type(part) is int and 0 <= part < number for part in pair):
                raise ModelError(f"{pair!r:.80} is no pair of ids below {number}; the model is damaged")
            sizes.append(sizes[pair[0]] + sizes[pair[1]])
            if sizes[-1] > 4 * LONGEST:
                raise ModelError(f"a sub-word of {sizes[-1]} bytes is over the limit; the model is damaged")
        if len(set(self.merges)) < len(self.merges):
            raise ModelError("a pair is merged twice; the model is damaged")

    @classmethod
    def fit(cls, texts: Iterable[str]) -> Subwords:
        """The merges of the first 32 million characters. Raises UsageError where tokenizers is not installed."""
        try:
            from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
        except ImportError:
            raise UsageError(
                'sub-words are learned by Hugging Face\'s tokenizers: pip install "seqgen[subwords]"'
            ) from None
        tokenizer = Tokenizer(models.BPE())
        split = pre_tokenizers.Split(Regex(PATTERN), "isolated")
        byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
        trainer = trainers.BpeTrainer(
            vocab_size=BYTES + MOST,
            min_frequency=LEAST,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            max_token_length=LONGEST,
            show_progress=False,
        )
        tokenizer.train_from_iterator(_beginning(texts), trainer)
        ids = {letter: byte for byte, letter in enumerate(_letters())}
        merges: list[tuple[int, int]] = []
        for left, right in json.loads(tokenizer.to_str())["model"]["merges"]:
            if left + right not in ids:
                ids[left + right] = BYTES + len(merges)
                merges.append((ids[left], ids[right]))
        return cls(tuple(merges[:MOST]))

    @functools.cached_property
    def spelling(self) -> Sequence[bytes]:
        """UTF-8 of each id, or a part of it."""
        spelt = [bytes([value]) for value in range(BYTES)]
        for left, right in self.merges:
            spelt.append(spelt[left] + spelt[right])
        return spelt

    def spell(self, piece: str) -> Sequence[int]:
        """The ids of a piece: the pair that was learned first is merged first."""
        ids = list(piece.encode())
        while len(ids) > 1:
            ranks = [self._ranks.get(pair, MOST) for pair in itertools.pairwise(ids)]
            if (rank := min(ranks)) == MOST:
                break
            merged: list[int] = []
            for one in ids:
                if merged and self._ranks.get((merged[-1], one)) == rank:
                    merged[-1] = BYTES + rank
                else:
                    merged.append(one)
            ids = merged
        return tuple(ids)

    def symbols(self) -> list[Symbol]:
        """What each id stands for, in order: ("byte", value), or its bytes as ("bytes", hexadecimal digits)."""
        return [*(("byte", value) for value in range(BYTES)), *(("bytes", one.hex()) for one in self.spelling[BYTES:])]

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        return {"kind": "subwords", "merges": [list(pair) for pair in self.merges]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Subwords:
        """The codec that wrote `data` with `to_dict`. Raises ModelError for anything else."""
        match dict(data):
            case {"kind": "subwords", "merges": list(merges), **rest} if not rest:
                if all(isinstance(pair, list) for pair in merges):
                    return cls(tuple(map(tuple, merges)))
        raise ModelError("a codec of sub-words has a list of merges; the model is damaged")

    @functools.cached_property
    def _ranks(self) -> dict[tuple[int, int], int]:
        return {pair: rank for rank, pair in enumerate(self.merges)}


def _beginning(texts: Iterable[str]) -> Iterable[str]:
    left = FIT_LENGTH
    for text in texts:
        yield canonical(text[:left])
        left -= len(text)
        if left <= 0:
            return


def _letters() -> list[str]:
    """The character that tokenizers writes for each byte (as GPT-2 does: printable ones are themselves)."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters = dict(zip(plain, map(chr, plain), strict=True))
    others = (value for value in range(BYTES) if value not in letters)
    letters |= {value: chr(BYTES + number) for number, value in enumerate(others)}
    return [letters[value] for value in range(BYTES)]
