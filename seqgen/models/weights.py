"""What is in a file of weights: vectors in float32, matrices in 16 bits, or in 8 with a scale for each output.

8 bits are symmetric int8, as in Jacob et al. 2018, section 2.1, without its zero point.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

SCALES = "/scales"  # after the name of a matrix in 8 bits: those of its columns
DTYPES = {  # by the name that safetensors gives them
    "F32": np.dtype(np.float32),
    "F16": np.dtype(np.float16),
    "BF16": np.dtype(jnp.bfloat16),
    "I8": np.dtype(np.int8),
}
MATRICES = {"float16": "F16", "bfloat16": "BF16", "int8": "I8"}  # by the word in config.json
LARGEST = 127  # -128 has no counterpart


def quantised(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """`[..., N]` float32 as int8, and the scales `[N]` of its columns: `restored` misses by at most half a scale.

    A column, not a row: it is the weights of one output, and where outputs differ in size, as means and deviations of
    a density do, a scale that they share would take the smaller ones' digits. A scale a row costs the shipped model of
    handwriting 0.31 nats a point, a scale a column 0.014; the two models of symbols lose less than 0.0002 either way.

    >>> whole, scales = quantised(np.array([[1.0, 0.015], [-0.25, 0.02]], np.float32))
    >>> whole.tolist(), scales.shape
    ([[127, 95], [-32, 127]], (2,))
    """
    largest = np.abs(matrix).max(axis=tuple(range(matrix.ndim - 1)), initial=0.0)
    scales = largest / np.float32(LARGEST)
    scales = np.where(scales > 0, scales, np.float32(1))
    # What is small enough for its scale to be rounded has more digits than fit.
    return np.clip(np.rint(matrix / scales), -LARGEST, LARGEST).astype(np.int8, order="C"), scales


def restored(whole: NDArray[np.int8], scales: NDArray[np.float32]) -> NDArray[np.float32]:
    """The float32 matrix that was `quantised`; infinite or NaN where a stranger's scales make it so."""
    with np.errstate(over="ignore", invalid="ignore"):
        return whole * scales


def layout(kind: str, wanted: Mapping[str, Any]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The tensors of the file, each with its dtype's name and its shape; vectors are few and stay exact."""
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, leaf in wanted.items():
        tensors[name] = (MATRICES[kind] if len(leaf.shape) > 1 else "F32", leaf.shape)
        if tensors[name][0] == "I8":
            tensors[name + SCALES] = ("F32", leaf.shape[-1:])
    return tensors


def encoded(kind: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is written in the file for these tensors."""
    stored: dict[str, np.ndarray] = {}
    for name, tensor in tensors.items():
        if kind == "int8" and tensor.ndim > 1:
            stored[name], stored[name + SCALES] = quantised(tensor)
        else:
            stored[name] = np.array(tensor, DTYPES[MATRICES[kind] if tensor.ndim > 1 else "F32"], order="C")
    return stored


def decoded(stored: Mapping[str, np.ndarray], names: Iterable[str]) -> dict[str, np.ndarray]:
    """The tensors of these names, float32."""
    tensors = {}
    for name in names:
        scales = stored.get(name + SCALES)
        tensors[name] = stored[name].astype(np.float32) if scales is None else restored(stored[name], scales)
    return tensors


def half_precision(matrices: Iterable[np.ndarray]) -> str:
    """float16 has 8 times bfloat16's precision, between 6e-5 and 65504: the choice unless it loses what bfloat16 keeps."""
    for matrix in matrices:
        exact = matrix.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            lost = np.linalg.norm(exact - matrix.astype(np.float16))
        if not lost <= 1e-3 * np.linalg.norm(exact):  # bfloat16 loses 1.6e-3
            return "bfloat16"
    return "float16"
