"""An encoder and a decoder with attention in PyTorch: nn.LSTM on either side, Luong's attention after the top layer."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from _pair_work import Batches, Pairs, first_weights
from _work import CLIP, RATE, Work, rate
from _worker import Absent, Job
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PADDING = -100


class Translator(nn.Module):  # type: ignore[misc]  # of no types
    """As `seqgen.domains.pairs` builds it, with the weights that all begin with."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        units, half, layers = work.units, work.units // 2, work.layers
        weights = first_weights(work)
        network, head = weights["network"], weights["head"]
        self.read = nn.Embedding.from_pretrained(torch.from_numpy(network["encoder"]["table"]), freeze=False)
        self.written = nn.Embedding.from_pretrained(torch.from_numpy(network["table0"]), freeze=False)
        self.encoder = nn.LSTM(half, half, layers, bidirectional=True)
        self.decoder = nn.LSTM(half, units, layers)
        for i in range(layers):
            _fill(self.encoder, f"l{i}", network["encoder"][f"layer{i}"]["forward"])
            _fill(self.encoder, f"l{i}_reverse", network["encoder"][f"layer{i}"]["backward"])
            _fill(self.decoder, f"l{i}", network[f"layer{i}"]["cell"])
        self.bridges = nn.ModuleList(_linear(network[f"bridge{i}"]) for i in range(layers))
        self.query = _linear(network["attention"]["query_kernel"])
        self.join = _linear(network["attention"]["kernel"])
        self.narrow = _linear(head["kernel"])
        self.bias = nn.Parameter(torch.from_numpy(head["bias"]))

    def forward(self, source: Any, source_lengths: Any, inputs: Any) -> Any:
        """source `[U, B]`, how long each is or None where all are, inputs `[T, B]` -> scores `[B, T, vocab]`."""
        read: Any = self.read(source)
        if source_lengths is not None:  # else the way back would begin on padding
            read = pack_padded_sequence(read, source_lengths, enforce_sorted=False)
        memory, (hidden, cell) = self.encoder(read)
        if source_lengths is not None:
            memory, _ = pad_packed_sequence(memory, total_length=len(source))
        ends = torch.cat([hidden[-2], cell[-2], hidden[-1], cell[-1]], -1)
        opened = [bridge(ends).chunk(2, -1) for bridge in self.bridges]
        start = torch.stack([torch.tanh(h) for h, _ in opened]), torch.stack([c for _, c in opened])
        features, _ = self.decoder(self.written(inputs), start)
        features, memory = features.transpose(0, 1), memory.transpose(0, 1)  # [B, T, H], [B, U, H]
        scores = self.query(features) @ memory.transpose(1, 2)
        if source_lengths is not None:
            padding = torch.arange(len(source))[None] >= source_lengths[:, None]
            scores = scores.masked_fill(padding[:, None], float("-inf"))
        joined = torch.tanh(self.join(torch.cat([features, scores.softmax(-1) @ memory], -1)))
        return F.linear(self.narrow(joined), self.written.weight[:-1], self.bias)


def _linear(kernel: Any) -> nn.Linear:
    made = nn.Linear(*kernel.shape, bias=False)
    made.weight.data = torch.from_numpy(kernel.T).contiguous()
    return made


def _fill(lstm: nn.LSTM, which: str, cell: Any) -> None:
    """A layer's weights; its second bias, which the others do not have, stays 0."""
    getattr(lstm, f"weight_ih_{which}").data = torch.from_numpy(cell["input_kernel"].T).contiguous()
    getattr(lstm, f"weight_hh_{which}").data = torch.from_numpy(cell["hidden_kernel"].T).contiguous()
    getattr(lstm, f"bias_ih_{which}").data = torch.from_numpy(cell["bias"])
    second = getattr(lstm, f"bias_hh_{which}")
    second.data.zero_()
    second.requires_grad_(False)


def loss(work: Work, net: Translator, batch: Pairs) -> Any:
    """Mean nats of the targets' symbols, padding left out."""
    source, inputs, targets = (
        torch.from_numpy(ids).long() for ids in (batch.source, batch.inputs(work.vocab), batch.targets)
    )
    there, lengths = torch.from_numpy(batch.source_lengths), torch.from_numpy(batch.lengths)
    targets = targets.where(torch.arange(targets.shape[1])[None] < lengths[:, None], PADDING)
    low = work.precision == "bf16"
    with torch.autocast(work.device, dtype=torch.bfloat16) if low else nullcontext():
        scores = net(source.T, None if bool((there == source.shape[1]).all()) else there, inputs.T)
    return F.cross_entropy(scores.flatten(0, 1).float(), targets.flatten(), ignore_index=PADDING)


def train(work: Work) -> Job:
    net, data = Translator(work), Batches(work)
    try:
        loss(work, net, data[0])
    except RuntimeError as error:  # oneDNN has this LSTM in bf16 for AVX-512 and later only
        raise Absent(str(error).partition(". ")[0]) from None
    learned = [weight for weight in net.parameters() if weight.requires_grad]
    optimizer, done = torch.optim.Adam(learned, lr=RATE, fused=True), 0

    def run(count: int) -> list[float]:
        nonlocal done
        losses = []
        for _ in range(count):
            optimizer.param_groups[0]["lr"] = rate(work, done)
            optimizer.zero_grad()
            nll = loss(work, net, data[done])
            nll.backward()
            nn.utils.clip_grad_norm_(learned, CLIP)
            optimizer.step()
            losses.append(nll.detach())
            done += 1
        return [float(nll) for nll in losses]

    return Job(run)
