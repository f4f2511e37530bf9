"""Making: take in a prompt, then draw step after step in one compiled loop, many rows at once."""

from __future__ import annotations

from .automaton import Automaton as Automaton
from .beam import Hypothesis as Hypothesis
from .beam import beam_search as beam_search
from .copies import Copies as Copies
from .drawing import LONGEST_PRIME as LONGEST_PRIME
from .drawing import Drawn as Drawn
from .drawing import SampleState as SampleState
from .drawing import Stop as Stop
from .drawing import advance as advance
from .drawing import prime as prime
from .drawing import sample as sample
from .drawing import stream as stream
from .options import Grammar as Grammar
from .options import check as check
from .particles import Particles as Particles
from .particles import fill as fill
from .penalties import Penalties as Penalties
from .repeats import Repeats as Repeats
from .rules import Rule as Rule

__all__ = [
    "Automaton",
    "Copies",
    "Drawn",
    "Grammar",
    "Hypothesis",
    "Particles",
    "Penalties",
    "Repeats",
    "Rule",
    "SampleState",
    "advance",
    "beam_search",
    "check",
    "fill",
    "prime",
    "sample",
    "stream",
]
