"""A score for every head of a model at once, on unedited examples: what heads are picked by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causal_claims.claims.picked import OVERALL, SCORES, Heads, Pick
from causal_claims.engine.generation import GenerationPath
from causal_claims.engine.loading import Loaded
from causal_claims.engine.network import Attending, Network
from causal_claims.engine.settings import Settings
from causal_claims.engine.tokens import pad
from causal_claims.errors import ClaimsError
from causal_claims.examples import Example, examples
from causal_claims.sites import Head

Array = NDArray[np.float64]
ROWS = 8  # examples of one pass: every head's attention is kept


def find_heads(loaded: Loaded, pick: Pick, scores: Array) -> Heads:
    """The heads that lead each list, by their mean score over its examples; over all, every list counts alike."""
    rows = examples(pick.over).examples
    means: dict[str, Array] = {}
    for name in pick.lists:
        here = [i for i, row in enumerate(rows) if row.fields.get(pick.by) == name]
        if not here:
            raise ClaimsError(f"no example of {pick.over!r} has {pick.by}={name}, so no heads can be found for it.")
        means[name] = scores[here].mean(0)
    means[OVERALL] = np.mean(list(means.values()), axis=0) if means else scores.mean(0)
    source = f"{pick.score} of {loaded.spec.key} on {len(rows)} examples of {pick.over}"
    lists = {name: _first(mean, pick.top) for name, mean in means.items()}
    return Heads(lists, source, pick.score, width=loaded.map.heads, layers=len(loaded.map.blocks))


@torch.inference_mode()
def screen(loaded: Loaded, settings: Settings, score: str, over: str) -> Array:
    """As the metrics `summed_attention` and `copy_score` have it, for all heads.  # examples x layers x heads"""
    rows = examples(over).examples
    prompts = [loaded.tokens.prompt(one.prompt, f"example {one.id!r}") for one in rows]
    spans = [_span(loaded, one, SCORES[score]) for one in rows]
    written: list[tuple[int, ...]] = [()] * len(rows)
    if score == "copy_score":
        written = GenerationPath(loaded, settings).written(rows, tokens=20)
    found = np.zeros((len(rows), len(loaded.map.blocks), loaded.map.heads))
    order = sorted(range(len(rows)), key=lambda i: len(prompts[i]) + len(written[i]))
    net = Network(loaded.map)
    for first in range(0, len(order), ROWS):
        part = order[first : first + ROWS]
        batch = pad([(*prompts[i], *written[i]) for i in part], loaded.device)
        seen = _Seen.of(
            batch.ids, [len(prompts[i]) for i in part], [spans[i] for i in part], [written[i] for i in part]
        )
        resid, frame = net.embed(batch)
        for layer in range(len(loaded.map.blocks)):
            resid, frame = net.enter(layer, resid, frame)
            seen = seen.on(resid.device)
            at = net.attending(layer, resid, frame)
            found[part, layer] = (seen.summed(at) if score == "summed_attention" else seen.copied(at)).cpu().numpy()
            resid = net.finish(layer, resid, net.write(layer, net.mix(at), resid))
    return found


@dataclass(frozen=True, eq=False)
class _Seen:
    """What a batch's heads are asked: from which tokens they look, and whether it is into the span."""

    ids: Tensor  # rows x keys
    inside: Tensor  # rows x keys, True in the span
    queries: Tensor  # rows x steps: the prompt's last token, then what was written
    written: Tensor  # rows x steps: the token generated there, -1 where there is none

    @staticmethod
    def of(
        ids: Tensor, lengths: Sequence[int], spans: Sequence[tuple[int, int]], written: Sequence[Sequence[int]]
    ) -> "_Seen":
        steps = max(1, *(len(one) for one in written))
        place = torch.arange(ids.shape[1], device=ids.device)
        inside = torch.stack([(place >= first) & (place < end) for first, end in spans])
        step = torch.arange(steps, device=ids.device)
        queries = torch.stack(
            [n - 1 + step.clamp(max=max(0, len(w) - 1)) for n, w in zip(lengths, written, strict=True)]
        )
        said = torch.tensor([[*w, *[-1] * (steps - len(w))] for w in written], device=ids.device)
        return _Seen(ids, inside, queries, said)

    def on(self, device: torch.device) -> "_Seen":
        if device == self.ids.device:
            return self
        return _Seen(self.ids.to(device), self.inside.to(device), self.queries.to(device), self.written.to(device))

    def summed(self, at: Attending) -> Tensor:
        """# rows x heads"""
        return (self._patterns(at)[:, :, 0] * self.inside[:, None]).sum(-1)

    def copied(self, at: Attending) -> Tensor:
        """# rows x heads"""
        most = self._patterns(at).argmax(-1)  # rows x heads x steps
        rows = torch.arange(len(most), device=most.device)[:, None, None]
        right = self.inside[rows, most] & (self.ids[rows, most] == self.written[:, None])
        places = torch.zeros(*most.shape[:2], self.ids.shape[1], device=most.device)
        places.scatter_add_(2, most, right.float())
        return (places > 0).sum(-1) / self.inside.sum(-1)[:, None]

    def _patterns(self, at: Attending) -> Tensor:
        """# rows x heads x steps x keys"""
        rows = torch.arange(len(self.ids), device=self.ids.device)[:, None]
        q = at.q[rows, self.queries].float().transpose(1, 2)  # rows x heads x steps x d_head
        k = at.k.float().transpose(1, 2).repeat_interleave(at.map.group, 1)
        visible = at.visible()
        visible = visible[0][self.queries] if len(visible) == 1 else visible[rows, self.queries]
        return (q @ k.mT * at.block.scale).masked_fill(~visible[:, None], -torch.inf).softmax(-1)


def _span(loaded: Loaded, one: Example, field: str) -> tuple[int, int]:
    if field not in one.fields:
        raise ClaimsError(f"example {one.id!r} has no field {field!r}, which this score looks at.")
    return loaded.tokens.span(one.prompt, one.fields[field], f"example {one.id!r}, field {field!r}")


def _first(means: Array, top: int) -> tuple[tuple[Head, float], ...]:
    flat = np.argsort(-means, axis=None, kind="stable")[:top]
    return tuple((Head(int(n) // means.shape[1], int(n) % means.shape[1]), float(means.flat[n])) for n in flat)
