"""The bytes of a file of music, no more than a piece needs."""

from __future__ import annotations

from functools import partial

from seqgen.files import reading

LARGER = "split it, or raise the limit with --max-events (in Python max_events=)"
read_bytes = partial(reading.read_bytes, too_large=f"; {LARGER}")
