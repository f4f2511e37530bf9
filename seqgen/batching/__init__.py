"""Examples to batches of fixed shape: where they come from, how they are laid out, how a folder keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names
from ..spec import Inputs as Inputs

if TYPE_CHECKING:
    from .sources import Encoded as Encoded
    from .sources import Source as Source
    from .sources import in_memory as in_memory
    from .windows import Batch as Batch
    from .windows import Evaluation as Evaluation
    from .windows import Windows as Windows
    from .windows import evaluation_windows as evaluation_windows
    from .windows import fit as fit

_HOME = {
    "sources": (
        "Encoded",
        "Source",
        "in_memory",
    ),
    "windows": (
        "Batch",
        "Evaluation",
        "Windows",
        "evaluation_windows",
        "fit",
    ),
}
__getattr__, __all__ = lazy_names(__name__, _HOME)


def __dir__() -> list[str]:
    return list(__all__)
