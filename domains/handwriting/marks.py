"""Letters that a model has not learned, composed: it writes a letter that it knows, and a mark is drawn where that lies."""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import UsageError

from .ink import Ink
from .signs import ABOVE, BELOW, LIGATURES, SIGNS, Box, Strokes

Places = Sequence[NDArray[np.int64]]  # one array a stroke: of which character of the text each point is
_GAP = 0.28  # x-heights between a letter and the mark above it
_MOSTLY = 0.5  # of a stroke's points that are on a character
_SHORT = 8  # points
_JITTER = 0.05  # of the size of a mark, in its place and size


def base_of(character: str, alphabet: Container[str]) -> str | None:
    """What a model with this alphabet writes where the character is composed; None where it cannot be.

    >>> base_of("é", "abcde"), base_of("€", "C"), base_of("é", "abc"), base_of("中", "abc")
    ('e', 'C', None, None)
    """
    base, marks = _apart(character)
    if character in SIGNS:
        base = SIGNS[character].base
    elif not marks or not all(mark in ABOVE or mark in BELOW for mark in marks):
        return None
    return base if all(part in alphabet for part in base) else None


def bases(text: str, alphabet: Container[str]) -> str:
    """What a model with this alphabet writes for the text: each character, or its `base_of`.

    >>> bases("für 5 €", "fur5 C")
    'fur 5 C'
    """
    return "".join(c if c in alphabet else base_of(c, alphabet) or c for c in text)


def _apart(character: str) -> tuple[str, str]:
    parts = unicodedata.normalize("NFD", character)
    return parts[:1], parts[1:]


def composed(ink: Ink, text: str, wanted: str, places: Places, seed: int = 0) -> Ink:
    """The ink of `text` turned into that of `wanted`, in which characters stand that the model wrote as `base_of` says.

    places: one array of whole numbers a stroke: which character of `text` each point belongs to. Marks have the size and the
    slant of the hand, and differ a little by the seed. Ink in x-heights or of another known height, the baseline where the
    text stands. New strokes have no times: ink with some loses all of them.
    Raises UsageError for places that do not fit, and for a text that is not what was to be written for `wanted`.

    >>> ink = Ink([[[0, -1], [0, 0], [0.6, 0]]], text="e", height=1)
    >>> made = composed(ink, "e", "é", [np.zeros(3, np.int64)])
    >>> made.text, len(made.strokes), bool(made.strokes[1].max() < 0.6)
    ('é', 2, True)
    """
    if [len(place) for place in places] != [len(stroke) for stroke in ink.strokes]:
        raise UsageError("places do not match the ink: give one number a point")
    wanted = unicodedata.normalize("NFC", wanted)
    changes = _changes(text, wanted)
    if not changes or not ink.strokes:
        return replace(ink, text=wanted)
    draw = np.random.default_rng(seed)
    height, slant = ink.x_height(), _slant(ink)
    base = _base(ink, text, places)
    lean = np.array([[1.0, 0.0], [slant, 1.0]])  # y down: what is lower lies to the left in hands that lean right
    strokes = [(stroke - (0.0, base)) / height @ np.linalg.inv(lean) for stroke in ink.strokes]
    of = [_settled(place, text) for place in places]
    for begin, length, sign in changes:
        if not text[begin].isalpha():
            of = _apart_from_letters(of, begin, length)
        strokes, of = _changed(strokes, of, begin, length, sign, draw)
    made = [stroke @ lean * height + (0.0, base) for stroke in strokes]
    return replace(ink, strokes=made, times=None, text=wanted)


def _settled(place: NDArray[np.int64], text: str) -> NDArray[np.int64]:
    """A stroke that is mostly of one character is wholly of it: a window comes to the next one a little early.

    For a short stroke that is early enough to miss a sign: what it begins with is what it is.
    """
    seen = place[[text[at] != " " for at in place]]
    if 0 < len(place) <= _SHORT and len(seen) and not text[seen[0]].isalpha():
        return np.full(len(place), seen[0])
    found, counts = np.unique(seen if len(seen) else place, return_counts=True)
    most = counts.argmax()
    return np.full(len(place), found[most]) if counts[most] >= _MOSTLY * counts.sum() else np.array(place)


def _apart_from_letters(of: list[NDArray[np.int64]], begin: int, length: int) -> list[NDArray[np.int64]]:
    """Where a sign has strokes of its own, what letters' strokes have of it is theirs: signs are not joined to letters."""
    sign = range(begin, begin + length)
    inside = [np.isin(place, sign) for place in of]
    if not any(part.all() for part in inside):
        return of
    return [
        place if part.all() else np.where(part, _others(place, sign), place)
        for place, part in zip(of, inside, strict=True)
    ]


def _others(place: NDArray[np.int64], sign: range) -> int:
    return next((int(at) for at in place if at not in sign), sign.start)


def _changes(text: str, wanted: str) -> list[tuple[int, int, str]]:
    """Where in the text something else is wanted, of how many characters, and what."""
    found, at = [], 0
    for character in wanted:
        if text[at : at + 1] == character:
            at += 1
            continue
        base = SIGNS[character].base if character in SIGNS else _apart(character)[0]
        if not base or text[at : at + len(base)] != base:
            raise UsageError(f"{text!r:.60} is not how {wanted!r:.60} is written to be composed: {character!r} differs")
        found.append((at, len(base), character))
        at += len(base)
    if at != len(text):
        raise UsageError(f"{text!r:.60} goes on after {wanted!r:.60}")
    return found


def _changed(
    strokes: Strokes, of: list[NDArray[np.int64]], begin: int, length: int, sign: str, draw: np.random.Generator
) -> tuple[Strokes, list[NDArray[np.int64]]]:
    """Strokes, upright and in x-heights, in which the characters from `begin` on have become the sign."""
    own = [stroke[(place >= begin) & (place < begin + length)] for stroke, place in zip(strokes, of, strict=True)]
    own = [part for part in own if len(part)]
    if not own:
        return strokes, of
    base, marks = _apart(sign)
    if sign in SIGNS:
        made, shift = SIGNS[sign].made(own, _box(own)), SIGNS[sign].shift
        if sign in LIGATURES:
            return _pushed_together(strokes, of, begin)
        kept = len(made) >= len(own) and all(one is other for one, other in zip(own, made, strict=False))
        new = made[len(own) :] if kept else made
        if not kept:
            strokes, of = _without(strokes, of, begin, length)
        if shift:
            strokes = [
                stroke + np.column_stack([shift * (place >= begin + length), np.zeros(len(place))])
                for stroke, place in zip(strokes, of, strict=True)
            ]
    else:
        if base in "ij" and any(mark in ABOVE for mark in marks):
            strokes, of, own = _undotted(strokes, of, own, begin)
        left, top, right, bottom = _box(own)
        new = []
        for mark in marks:
            above = mark in ABOVE
            glyph = ABOVE[mark] if above else BELOW[mark]
            low = max(float(part[:, 1].max()) for part in glyph)
            middle = np.array([(left + right) / 2, top - _GAP - low if above else min(bottom, 0.1)])
            new += [part + middle for part in glyph]
            top -= _GAP + low - min(float(part[:, 1].min()) for part in glyph) if above else 0.0
    place_at = _after(of, begin + length)
    middle = np.mean([part.mean(axis=0) for part in new], axis=0) if new else np.zeros(2)
    size, moved = 1 + _JITTER * draw.normal(), _JITTER * draw.normal(size=2)
    new = [(part - middle) * size + middle + moved for part in new]
    marks_of = [np.full(len(part), begin) for part in new]
    return strokes[:place_at] + new + strokes[place_at:], of[:place_at] + marks_of + of[place_at:]


def _after(of: list[NDArray[np.int64]], character: int) -> int:
    """Before which stroke a mark is drawn: the first that has only what comes after its letter."""
    return next((i for i, place in enumerate(of) if place.min() >= character), len(of))


def _without(
    strokes: Strokes, of: list[NDArray[np.int64]], begin: int, length: int
) -> tuple[Strokes, list[NDArray[np.int64]]]:
    """Strokes without the points of some characters; where these were in the middle of a stroke, it becomes two."""
    parts, places = [], []
    for stroke, place in zip(strokes, of, strict=True):
        stays = (place < begin) | (place >= begin + length)
        cuts = np.flatnonzero(np.diff(stays)) + 1
        for part, where, kept in zip(np.split(stroke, cuts), np.split(place, cuts), np.split(stays, cuts), strict=True):
            if kept[0]:
                parts.append(part)
                places.append(where)
    return parts, places


def _undotted(
    strokes: Strokes, of: list[NDArray[np.int64]], own: Strokes, begin: int
) -> tuple[Strokes, list[NDArray[np.int64]], Strokes]:
    """Without the dot of an i or j: a stroke of that letter alone, above it."""
    dots = [
        bool((place == begin).all()) and stroke[:, 1].max() < -1.0 for stroke, place in zip(strokes, of, strict=True)
    ]
    if all(stroke[:, 1].max() < -1.0 for stroke in own):
        return strokes, of, own
    kept = [index for index, dot in enumerate(dots) if not dot]
    own = [part for part in own if part[:, 1].max() >= -1.0]
    return [strokes[index] for index in kept], [of[index] for index in kept], own


def _pushed_together(
    strokes: Strokes, of: list[NDArray[np.int64]], begin: int
) -> tuple[Strokes, list[NDArray[np.int64]]]:
    """Two letters as a ligature: the second, and what follows, moves left to where the first ends."""
    first, second = (
        np.concatenate([stroke[place == number] for stroke, place in zip(strokes, of, strict=True)])
        for number in (begin, begin + 1)
    )
    if not len(first) or not len(second):
        return strokes, of
    shift = min(float(first[:, 0].max() - second[:, 0].min()) - 0.05, 0.0)
    moved = [
        stroke + np.column_stack([shift * (place > begin), np.zeros(len(place))])
        for stroke, place in zip(strokes, of, strict=True)
    ]
    return moved, of


def _box(strokes: Strokes) -> Box:
    every = np.concatenate(strokes)
    (left, top), (right, bottom) = every.min(axis=0).tolist(), every.max(axis=0).tolist()
    return left, top, right, bottom


def _base(ink: Ink, text: str, places: Places) -> float:
    """Where the text stands: the median of where letters without descenders end, else as `Ink.baseline` says."""
    points, of = np.concatenate(ink.strokes), np.concatenate(places)
    flat = "abcdehiklmnorstuvwxzABCDEFGHIKLMNOPRSTUVWXYZ0123456789"
    bottoms = [points[of == i, 1].max() for i in range(len(text)) if text[i] in flat and np.any(of == i)]
    return float(np.median(bottoms)) if bottoms else ink.baseline()


def _slant(ink: Ink) -> float:
    """How far strokes drawn downwards go to the right for each step down; below 0 in hands that lean to the right."""
    moves = np.concatenate([np.diff(stroke, axis=0) for stroke in ink.strokes] or [np.zeros((0, 2))])
    stems = moves[moves[:, 1] > np.abs(moves[:, 0])]
    return float(np.sum(stems[:, 0] * stems[:, 1]) / np.sum(stems[:, 1] ** 2)) if len(stems) else 0.0
