"""From a CTC reader's probabilities to labels: prefix beam search, with a language model if there is one, and alignment.

Source: Graves, Fernandez, Gomez & Schmidhuber, Connectionist temporal classification (2006), section 3.2, on prefixes;
Hannun, Maas, Jurafsky & Ng, First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs
(2014), on the beam and on how a language model is weighed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

Floats = NDArray[np.float64]


class Scorer(Protocol):
    """A language model over labels, asked for many prefixes at once.

    What it answers are log-probabilities `[rows, labels + 1]` of what comes next, the last of them that of the end; with
    states, a tree of arrays that lead with the rows.
    """

    def start(self) -> tuple[Any, Floats]:
        """The state before the first label, one row."""
        ...

    def step(self, states: Any, labels: NDArray[np.int32]) -> tuple[Any, Floats]:
        """After one label more a row, int32 `[rows]`."""
        ...


@dataclass(frozen=True)
class Weights:
    """How a language model counts: ln p(labels | item) + `language` ln p(labels) + `label` for each label.

    >>> Weights(language=0).language
    0
    """

    language: float = 0.5
    label: float = 1.0


class Found(NamedTuple):
    """Labels that an item may hold, nats of these given the item, and what they were ranked by.

    >>> Found((7, 4), log_prob=-0.5, score=-0.5).labels
    (7, 4)
    """

    labels: tuple[int, ...]
    log_prob: float
    score: float


def beam_search(
    log_probs: Any,
    beam: int = 16,
    *,
    scorer: Scorer | None = None,
    weights: Weights = Weights(),
    least: float = -np.inf,
) -> list[Found]:
    """The likeliest labels of an item, best first, at most `beam`: each summed over all of its layouts that were followed.

    log_probs: nats `[T, labels + 1]`, the blank last, as `CTC.log_probs` gives them.
    beam: prefixes that are followed. With as many as there are the sums are exact.
    scorer: a language model, weighed as `weights` says.
    least: a label below that many nats goes on from no prefix at that position, which saves time.
    Raises UsageError for a beam below 1 and log-probabilities of another shape.

    >>> log_probs = np.log([[0.4, 0.0001, 0.5999], [0.4, 0.0001, 0.5999]])
    >>> best = beam_search(log_probs)[0]  # nothing but blanks is the likeliest layout, and 0 the likeliest labelling
    >>> best.labels, round(float(np.exp(best.log_prob)), 3)
    ((0,), 0.64)
    """
    log_probs = np.asarray(log_probs, np.float64)
    if log_probs.ndim != 2 or log_probs.shape[1] < 2:
        raise UsageError(f"log-probabilities of shape {[*log_probs.shape]}; give [T, labels + 1], the blank last")
    if beam < 1:
        raise UsageError(f"a beam of {beam} follows nothing; give 1 or more")
    labels = log_probs.shape[1] - 1
    tree = _Prefixes()
    language = _Nothing(labels) if scorer is None else _Language(scorer, weights)
    nodes = np.zeros(1, np.int64)
    blank, label = np.zeros(1), np.full(1, -np.inf)  # nats of layouts that end in a blank, and in the last label
    for now in log_probs:
        here = np.where(now[:labels] >= least, now[:labels], -np.inf)
        total, last = np.logaddexp(blank, label), tree.last(nodes)
        stays_blank, stays_label = total + now[labels], np.where(last < 0, -np.inf, label + now[last])
        rows = np.flatnonzero(last >= 0)
        longer = total[:, None] + here
        longer[rows, last[rows]] = blank[rows] + here[last[rows]]  # after itself a label stands beyond a blank only
        # A longer prefix may be in the beam already: there it is one more way to come by it.
        row_of = {node: row for row, node in enumerate(nodes.tolist())}
        for row in rows.tolist():
            if (parent := row_of.get(tree.parents[nodes[row]])) is not None:
                stays_label[row] = np.logaddexp(stays_label[row], longer[parent, last[row]])
                longer[parent, last[row]] = -np.inf
        stays = np.logaddexp(stays_blank, stays_label) + language.totals
        chosen = _best(np.concatenate([stays, (longer + language.after).ravel()]), beam)
        old, new = chosen[chosen < len(nodes)], chosen[chosen >= len(nodes)] - len(nodes)
        parents, added = new // labels, new % labels
        language.move(old, parents, added)
        blank = np.concatenate([stays_blank[old], np.full(len(new), -np.inf)])
        label = np.concatenate([stays_label[old], longer[parents, added]])
        nodes = np.concatenate([nodes[old], tree.grown(nodes[parents], added)])
    totals = np.logaddexp(blank, label)
    scores = totals + language.totals + language.ends
    order = np.argsort(-scores, kind="stable")
    return [Found(tree.labels(int(nodes[row])), float(totals[row]), float(scores[row])) for row in order]


def greedy(log_probs: Any) -> NDArray[np.int32]:
    """The likeliest symbol of every position, repeats and blanks left out, int32 `[U]`.

    log_probs: `[T, labels + 1]`, the blank last.

    >>> greedy(np.log([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]])).tolist()
    [0, 0]
    """
    log_probs = np.asarray(log_probs)
    likeliest = log_probs.argmax(axis=1)
    changes = np.diff(likeliest, prepend=-1) != 0
    labels: NDArray[np.int32] = likeliest[changes & (likeliest != log_probs.shape[1] - 1)].astype(np.int32)
    return labels


def log_prob(log_probs: Any, labels: Sequence[int]) -> float:
    """Nats of these labels, over all of their layouts (the forward recursion, section 4.1); -inf without room for them.

    log_probs: nats `[T, labels + 1]`, the blank last.

    >>> even = np.log(np.full((2, 2), 0.5))  # one label and the blank: every layout has a fourth
    >>> round(float(np.exp(log_prob(even, [0]))), 6), log_prob(even, [0, 0])
    (0.75, -inf)
    """
    log_probs = np.asarray(log_probs, np.float64)
    states, skips = _layout(log_probs.shape[1] - 1, labels)
    total = np.full(len(states), -np.inf)
    total[0] = 0.0  # before the first position, as if a blank stood there
    for position, now in enumerate(log_probs):
        ways = np.full((3, len(states)), -np.inf)
        ways[0], ways[1, 1:] = total, total[:-1]
        if position:
            ways[2, 2:] = np.where(skips[2:], total[:-2], -np.inf)
        total = np.logaddexp.reduce(ways, axis=0) + now[states]
    return float(np.logaddexp.reduce(total[-2:]))


def align(log_probs: Any, labels: Sequence[int]) -> NDArray[np.int64]:
    """Where each label stands in the likeliest layout, first and last position, int64 `[U, 2]` (Viterbi).

    log_probs: nats `[T, labels + 1]`, the blank last. Raises UsageError for more labels than there are positions for.

    >>> likely = np.array([[0, 1, 1, 0, 0], [0, 0, 0, 0, 1], [1, 0, 0, 1, 0]]).T * 0.8 + 0.05
    >>> align(np.log(likely), [0, 1]).tolist()
    [[1, 2], [4, 4]]
    """
    log_probs, asked = np.asarray(log_probs, np.float64), np.asarray(labels, np.int64)
    length = len(log_probs)
    states, skips = _layout(log_probs.shape[1] - 1, labels)
    best = np.full(len(states), -np.inf)
    best[:2] = 0.0
    came = np.zeros((length, len(states)), np.int64)
    for position, now in enumerate(log_probs):
        ways = np.full((3, len(states)), -np.inf)
        ways[0] = best
        if position:
            ways[1, 1:] = best[:-1]
            ways[2, 2:] = np.where(skips[2:], best[:-2], -np.inf)
        came[position] = ways.argmax(axis=0)
        best = ways.max(axis=0) + now[states]
    state = len(states) - 1 if len(states) == 1 or best[-1] >= best[-2] else len(states) - 2
    if not length or best[state] == -np.inf:
        if not len(asked):
            return np.zeros((0, 2), np.int64)
        raise UsageError(f"{len(asked)} labels have no room in {length} positions; give fewer")
    path = np.zeros(length, np.int64)
    for position in range(length - 1, -1, -1):
        path[position] = state
        state -= came[position, state]
    spans = [np.flatnonzero(path == 2 * number + 1) for number in range(len(asked))]
    return np.array([(span[0], span[-1]) for span in spans], np.int64).reshape(-1, 2)


def _layout(blank: int, labels: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The states blank, label, blank, ..., label, blank, and which may be entered past the blank before them."""
    asked = np.asarray(labels, np.int64)
    states = np.full(2 * len(asked) + 1, blank)
    states[1::2] = asked
    skips = np.zeros(len(states), bool)
    skips[3::2] = asked[1:] != asked[:-1]  # between equal ones there must be a blank
    return states, skips


def _best(ranks: Floats, count: int) -> NDArray[np.int64]:
    """The places of the highest, in their order, what is impossible left out but for the first."""
    found = np.sort(np.argsort(-ranks, kind="stable")[:count])
    possible = found[ranks[found] > -np.inf]
    return possible if len(possible) else found[:1]


class _Prefixes:
    """The tree of all prefixes that were in the beam: the same labels are the same node, whenever they are met."""

    def __init__(self) -> None:
        self.parents, self.added = [-1], [-1]
        self._node: dict[tuple[int, int], int] = {}

    def last(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """The last label of each, -1 of no labels."""
        return np.array([self.added[node] for node in nodes], np.int64)

    def grown(self, nodes: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
        found = []
        for key in zip(nodes.tolist(), labels.tolist(), strict=True):
            if key not in self._node:
                self._node[key] = len(self.parents)
                self.parents.append(key[0])
                self.added.append(key[1])
            found.append(self._node[key])
        return np.array(found, np.int64)

    def labels(self, node: int) -> tuple[int, ...]:
        found = []
        while node:
            found.append(self.added[node])
            node = self.parents[node]
        return tuple(reversed(found))


class _Nothing:
    """No language model: every prefix counts 0."""

    def __init__(self, labels: int) -> None:
        self.totals, self.after, self.ends = 0.0, np.zeros((1, labels)), 0.0

    def move(self, *where: Any) -> None:
        pass


class _Language:
    """What a language model says of the prefixes in the beam. totals `[B]`, after `[B, labels]`: with one label more."""

    def __init__(self, scorer: Scorer, weights: Weights) -> None:
        self.scorer, self.weights = scorer, weights
        states, told = scorer.start()
        self._take(jax.tree.map(np.asarray, states), np.zeros(1), self._weighed(told))

    def move(self, old: NDArray[np.int64], parents: NDArray[np.int64], labels: NDArray[np.int64]) -> None:
        """The beam becomes the rows `old`, and then `parents` with a label more each."""
        states, told = jax.tree.map(lambda leaf: leaf[old], self.states), self.told[old]
        totals = np.concatenate([self.totals[old], self.after[parents, labels]])
        if len(parents):
            given = jax.tree.map(lambda leaf: leaf[parents], self.states)
            new, told_new = self.scorer.step(given, labels.astype(np.int32))
            states = jax.tree.map(lambda a, b: np.concatenate([a, np.asarray(b)]), states, new)
            told = np.concatenate([told, self._weighed(told_new)])
        self._take(states, totals, told)

    def _weighed(self, told: Floats) -> Floats:
        told = self.weights.language * np.asarray(told, np.float64)
        told[:, :-1] += self.weights.label
        return told

    def _take(self, states: Any, totals: Floats, told: Floats) -> None:
        self.states, self.totals, self.told = states, totals, told
        self.after, self.ends = totals[:, None] + told[:, :-1], told[:, -1]
