"""seqgen learns to continue sequences and makes new ones: text, music, handwriting.

Names are imported when they are first used: `import seqgen` loads neither JAX nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import lazy_names

if TYPE_CHECKING:
    from .batching.sources import in_memory as in_memory
    from .batching.windows import Batch as Batch
    from .batching.windows import Windows as Windows
    from .batching.windows import evaluation_windows as evaluation_windows
    from .config import TrainingConfig as TrainingConfig
    from .domain import Codec as Codec
    from .domain import Domain as Domain
    from .domain import Example as Example
    from .domain import Metric as Metric
    from .domain import Reading as Reading
    from .domain import Size as Size
    from .domain import Splits as Splits
    from .errors import DataError as DataError
    from .errors import ModelError as ModelError
    from .errors import SeqgenError as SeqgenError
    from .errors import TrainingError as TrainingError
    from .errors import UnknownName as UnknownName
    from .errors import UsageError as UsageError
    from .heads import Bernoulli as Bernoulli
    from .heads import Categorical as Categorical
    from .heads import Gaussian as Gaussian
    from .heads import Mixture as Mixture
    from .heads import Nade as Nade
    from .heads import Options as Options
    from .heads import Relative as Relative
    from .models.ctc import CTC as CTC
    from .models.model import Model as Model
    from .models.pretrained import from_pretrained as from_pretrained
    from .models.pretrained import save_pretrained as save_pretrained
    from .models.readers.classifier import Classifier as Classifier
    from .models.readers.renderer import Renderer as Renderer
    from .models.readers.tagger import Tagger as Tagger
    from .nn.cells import LSTM as LSTM
    from .nn.cells import Attending as Attending
    from .nn.cells import Convolution as Convolution
    from .nn.cells import Mogrifier as Mogrifier
    from .nn.cells import Multiplicative as Multiplicative
    from .nn.cells import Window as Window
    from .nn.context import Context as Context
    from .nn.encoder.values import PictureEncoder as PictureEncoder
    from .nn.encoder.values import SymbolEncoder as SymbolEncoder
    from .nn.inputs.registers import Registers as Registers
    from .nn.network import Network as Network
    from .registry import register as register
    from .sampling import sample as sample
    from .sampling import stream as stream
    from .spec import Binary as Binary
    from .spec import Continuous as Continuous
    from .spec import Discrete as Discrete
    from .spec import Inputs as Inputs
    from .spec import Product as Product
    from .training.optimizer import make_optimizer as make_optimizer
    from .training.scoring import evaluate as evaluate
    from .training.steps import init_state as init_state
    from .training.steps import make_train_step as make_train_step
    from .training.steps import train as train

__version__ = "0.1.0"

_HOME = {
    "batching.sources": ("in_memory",),
    "batching.windows": ("Batch", "Windows", "evaluation_windows"),
    "config": ("TrainingConfig",),
    "domain": ("Codec", "Domain", "Example", "Metric", "Reading", "Size", "Splits"),
    "errors": ("DataError", "ModelError", "SeqgenError", "TrainingError", "UnknownName", "UsageError"),
    "heads": ("Bernoulli", "Categorical", "Gaussian", "Mixture", "Nade", "Options", "Relative"),
    "models.ctc": ("CTC",),
    "models.model": ("Model",),
    "models.readers.classifier": ("Classifier",),
    "models.readers.renderer": ("Renderer",),
    "models.readers.tagger": ("Tagger",),
    "nn.cells": ("LSTM", "Attending", "Convolution", "Mogrifier", "Multiplicative", "Window"),
    "nn.context": ("Context",),
    "nn.encoder.values": ("PictureEncoder", "SymbolEncoder"),
    "nn.network": ("Network",),
    "nn.inputs.registers": ("Registers",),
    "training.optimizer": ("make_optimizer",),
    "models.pretrained": ("from_pretrained", "save_pretrained"),
    "registry": ("register",),
    "sampling": ("sample", "stream"),
    "training.scoring": ("evaluate",),
    "spec": ("Binary", "Continuous", "Discrete", "Inputs", "Product"),
    "training.steps": ("init_state", "make_train_step", "train"),
}
# Names that are on their way out: the old one, the new one, the version that will not have it any more.
_DEPRECATED = {"Joint": ("Product", "0.3")}
__getattr__, __all__ = lazy_names(__name__, _HOME, _DEPRECATED)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
