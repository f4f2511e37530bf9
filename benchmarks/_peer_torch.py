"""PyTorch as a contender: nn.LSTM (oneDNN, on a GPU cuDNN), time leading, fused Adam; f32, or bf16 by autocast."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import _torch_pairs
import torch
from _work import CLIP, RATE, Work, first_weights, held_out, rate, streams
from _worker import Absent, Job, cores
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(cores())
torch.backends.cudnn.allow_tf32 = False  # on a GPU, f32 is f32
MAX_R = 8.0  # as in seqgen.heads.mixture


def about() -> str:
    return f"torch {torch.__version__}, {torch.get_num_threads()} threads"


def build(work: Work) -> Any:
    """Embedding (none for offsets), LSTM and head, with the weights all begin with."""
    weights = first_weights(work)
    lstm = nn.LSTM(work.inputs, work.units, work.layers)
    head = nn.Linear(work.units, work.outputs)
    parts = {"lstm": lstm, "head": head}
    if not work.components:
        parts["table"] = nn.Embedding.from_pretrained(torch.from_numpy(weights["table"]), freeze=False)
    with torch.no_grad():
        for number, (inputs, hidden, bias) in enumerate(weights["layers"]):
            getattr(lstm, f"weight_ih_l{number}").copy_(torch.from_numpy(inputs.T))
            getattr(lstm, f"weight_hh_l{number}").copy_(torch.from_numpy(hidden.T))
            getattr(lstm, f"bias_ih_l{number}").copy_(torch.from_numpy(bias))
            second = getattr(lstm, f"bias_hh_l{number}")  # the others have one bias: this one stays 0
            second.zero_()
            second.requires_grad_(False)
        head.weight.copy_(torch.from_numpy(weights["head"][0].T))
        head.bias.copy_(torch.from_numpy(weights["head"][1]))
    return nn.ModuleDict(parts).to(work.device)


def mixture_nll(raw: Any, target: Any) -> Any:
    """Mean of -log p of offsets `[..., 2]`, by the formulas of `seqgen.heads.Mixture`."""
    raw = raw.unflatten(-1, (6, -1))
    log_weights, means, log_sigmas = F.log_softmax(raw[..., 0, :], -1), raw[..., 1:3, :], raw[..., 3:5, :]
    r = MAX_R * torch.tanh(raw[..., 5, :] / MAX_R)
    u = (target[..., None] - means) * torch.exp(-log_sigmas)
    along, across = u[..., 0, :] + u[..., 1, :], u[..., 0, :] - u[..., 1, :]
    square = 0.25 * (along**2 * (1 + torch.exp(-2 * r)) + across**2 * (1 + torch.exp(2 * r)))
    log_root = math.log(2) + 0.5 * (F.logsigmoid(2 * r) + F.logsigmoid(-2 * r))
    log_normal = -math.log(2 * math.pi) - log_sigmas.sum(-2) - log_root - 0.5 * square
    return -torch.logsumexp(log_weights + log_normal, -1).mean()


def loss(work: Work, net: Any, inputs: Any, targets: Any, state: Any) -> tuple[Any, Any]:
    """Mean nats of a window `[T, B]`, and the state after it."""
    low = work.precision == "bf16"
    with torch.autocast(work.device, dtype=torch.bfloat16) if low else nullcontext():
        features, state = net["lstm"](net["table"](inputs) if "table" in net else inputs, state)
        raw = net["head"](features)
    raw = raw.float()
    if work.components:
        return mixture_nll(raw, targets), state
    return F.cross_entropy(raw.flatten(0, 1), targets.flatten()), state


def tensor(work: Work, values: Any) -> Any:
    """Time leading; symbols as the int64 that torch wants."""
    turned = torch.from_numpy(values).transpose(0, 1).contiguous().to(work.device)
    return turned if turned.is_floating_point() else turned.long()


def train(work: Work) -> Job:
    net = build(work)
    if work.precision == "bf16":
        try:
            first = streams(work)[0]
            loss(work, net, tensor(work, first.inputs), tensor(work, first.targets), None)
        except RuntimeError as error:  # oneDNN has this LSTM for AVX-512 and later only
            raise Absent(str(error).partition(". ")[0]) from None
    learned = [weight for weight in net.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(learned, lr=RATE, fused=True)
    data, done, state = streams(work), 0, None

    def run(count: int) -> list[float]:
        nonlocal done, state
        losses = []
        for _ in range(count):
            window = data[done]
            before: Any = None if window.fresh or state is None else tuple(part.detach() for part in state)
            optimizer.param_groups[0]["lr"] = rate(work, done)
            optimizer.zero_grad()
            nll, state = loss(work, net, tensor(work, window.inputs), tensor(work, window.targets), before)
            nll.backward()
            nn.utils.clip_grad_norm_(learned, CLIP)
            optimizer.step()
            losses.append(nll.detach())
            done += 1
        return [float(nll) for nll in losses]

    def evaluate() -> float:
        test, total, after = held_out(work), 0.0, None
        with torch.inference_mode():
            for number in range(test.count):
                window = test[number]
                nll, after = loss(work, net, tensor(work, window.inputs), tensor(work, window.targets), after)
                total += float(nll)
        return total / test.count

    return Job(run, evaluate)


def sample(work: Work) -> Job:
    """A step loop: the fastest on this machine of nn.LSTM or nn.LSTMCell, on one thread or on all."""
    net = build(work)
    cells = []
    for number in range(work.layers):
        cell = nn.LSTMCell(work.inputs if number == 0 else work.units, work.units)
        for name, weight in cell.named_parameters():
            weight.data = getattr(net["lstm"], f"{name}_l{number}").data
        cells.append(cell)
    drawn = torch.zeros(work.batch, dtype=torch.long)

    def draw(features: Any) -> Any:
        return torch.multinomial(torch.softmax(net["head"](features), -1), 1)[:, 0]

    def by_lstm(count: int) -> None:
        nonlocal drawn
        state = None
        for _ in range(count):
            features, state = net["lstm"](net["table"](drawn)[None], state)
            drawn = draw(features[0])

    def by_cells(count: int) -> None:
        nonlocal drawn
        states = [(torch.zeros(work.batch, work.units),) * 2 for _ in cells]
        for _ in range(count):
            x = net["table"](drawn)
            for number, cell in enumerate(cells):
                states[number] = cell(x, states[number])
                x = states[number][0]
            drawn = draw(x)

    def timed(loop: Callable[[int], None], threads: int, count: int) -> float:
        torch.set_num_threads(threads)
        with torch.inference_mode():
            start = time.perf_counter()
            loop(count)
            return time.perf_counter() - start

    loops = {"nn.LSTM": by_lstm, "nn.LSTMCell": by_cells}
    ways = [(name, threads) for name in loops for threads in sorted({1, cores()})]
    name, threads = min(ways, key=lambda way: (timed(loops[way[0]], way[1], 4), timed(loops[way[0]], way[1], 24))[1])

    def run(count: int) -> list[float]:
        timed(loops[name], threads, count)
        return []

    return Job(run, note=f"{name} on {threads} of them")


def product(work: Work) -> Job:
    kind = torch.bfloat16 if work.precision == "bf16" else torch.float32
    shapes = (work.batch, work.units), (work.units, work.window), (work.batch, work.window)
    left, right, made = (torch.randn(shape).to(kind) for shape in shapes)

    def run(count: int) -> list[float]:
        with torch.inference_mode():
            for _ in range(count):
                torch.mm(left, right, out=made)
        return []

    return Job(run)


JOBS = {"train": train, "pairs": _torch_pairs.train, "sample": sample, "product": product}
