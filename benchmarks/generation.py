"""R_V over all heads of two layers, and text under 20 conditions: this engine beside one condition at a time.

    python benchmarks/generation.py r_v gpt2 --layers 12
    python benchmarks/generation.py text mistral --dtype bfloat16 --layers 5 --tokens 32
    python benchmarks/generation.py known gpt2 --layers 12

Rivals: TransformerLens' run_with_hooks for R_V; transformers with forward hooks for text, which is generated (`generate`),
or known beforehand (`known`: how probable some words are before each of its tokens), read at once or token by token.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from causal_claims.engine.architecture import architecture
from causal_claims.engine.fast import FastPath
from causal_claims.engine.generation import GenerationPath
from causal_claims.engine.loading import Loaded
from causal_claims.engine.settings import Settings
from causal_claims.engine.task import Task
from causal_claims.examples import Example
from causal_claims.interventions.catalogue import ablate
from causal_claims.interventions.intervention import BASELINE
from causal_claims.metrics.generated import keyword_expected  # noqa: F401  (declares the metric)
from causal_claims.metrics.lexicon import word_list
from causal_claims.metrics.metric import Metric, metric
from causal_claims.metrics.participation import r_v  # noqa: F401  (declares the metric)
from causal_claims.models import ModelSpec
from causal_claims.sites import GENERATION, Head
from engine import CASES, Case, Numbers, bridged, build, clocks, side_by_side
from torch import Tensor

CONDITIONS = 20
WINDOW = 16
WATCHED = {"some": 7, "few": 11, "many": 13}
word_list("counted", tuple(WATCHED))


class Silent:
    """A tokenizer's place: nothing ends a text, and its words do not matter."""

    eos_token_id = None
    unk_token_id = None

    def __call__(self, text: str, **options: Any) -> dict[str, list[int]]:
        return {"input_ids": [WATCHED[text.strip().lower()]]}

    def decode(self, ids: Any, **options: Any) -> str:
        return ""


@metric(reads=GENERATION)
def written(run: Any, *, tokens: int = 20) -> Any:
    """A number that two texts share only where they are the same."""
    return [float(sum((i + 1) * token for i, token in enumerate(ids)) % 2**40) for ids in run.generated_ids]


def ours(
    case: Case, model: Any, ids: Tensor, heads: list[Head], asked: Metric, settings: Settings, known: int = 0
) -> Callable[[], Tensor]:
    loaded = Loaded(
        ModelSpec("m", case.family, "random"), model, Silent(), Numbers(), architecture(model), "", "", ids.device  # type: ignore[arg-type]
    )  # fmt: skip
    words = [[f" {token}" for token in row] for row in ids.tolist()]
    first = ids.shape[1] - known
    rows = tuple(
        Example(str(i), "".join(row[:first]), fields={"text": "".join(row[first:])}) for i, row in enumerate(words)
    )
    task = Task((asked,), (BASELINE, *map(ablate, heads)), rows, tuple(range(len(rows))))
    path = (FastPath if asked.name == "r_v" else GenerationPath)(loaded, settings)

    def run() -> Tensor:
        place = {condition: i for i, condition in enumerate(task.conditions)}
        found = torch.zeros(len(place), len(rows), dtype=torch.float64)
        for part in path.parts(task):
            found[place[part.condition], list(part.rows)] = torch.tensor(part.values[asked])
        return found

    return run


def one_at_a_time(case: Case, model: Any, heads: list[Head], text: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """transformers alone, with a hook on one output projection."""
    body = model.transformer.h if case.family == "gpt2" else model.model.layers
    width = case.width // case.heads

    @torch.inference_mode()
    def run() -> Tensor:
        found = [text()]
        for head in heads:
            block = body[head.layer]
            module = block.attn.c_proj if case.family == "gpt2" else block.self_attn.o_proj

            def zero(_: Any, args: Any, head: Head = head) -> Any:
                z = args[0].clone()
                z[..., head.index * width : (head.index + 1) * width] = 0
                return (z,)

            handle = module.register_forward_pre_hook(zero)
            try:
                found.append(text())
            finally:
                handle.remove()
        return torch.stack(found)

    return run


def generated(model: Any, ids: Tensor, tokens: int) -> Tensor:
    """transformers' own generate."""
    whole = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, do_sample=False, eos_token_id=None, pad_token_id=0,
    )[:, ids.shape[1] :]  # fmt: skip
    return (whole * (1 + torch.arange(whole.shape[1], device=ids.device))).sum(1).double().cpu()


def expected(logits: Tensor) -> Tensor:
    """How many of the watched words are to be expected.  # rows x steps x vocabulary -> rows"""
    return logits.float().softmax(-1)[..., list(WATCHED.values())].sum((1, 2)).double().cpu()


def at_once(model: Any, ids: Tensor, tokens: int) -> Tensor:
    return expected(model(ids[:, :-1], logits_to_keep=tokens).logits)


def token_by_token(model: Any, ids: Tensor, tokens: int) -> Tensor:
    """With a cache, as a text is written."""
    said = model(ids[:, :-tokens], use_cache=True, logits_to_keep=1)
    found = expected(said.logits)
    for place in range(ids.shape[1] - tokens, ids.shape[1] - 1):
        said = model(ids[:, place : place + 1], past_key_values=said.past_key_values, use_cache=True)
        found = found + expected(said.logits)
    return found


def r_v_by_hooks(model: Any, ids: Tensor, heads: list[Head], early: int, late: int) -> Callable[[], Tensor]:
    """TransformerLens, one condition at a time on the whole batch."""
    bridge = bridged(model, ids)
    mask = torch.ones_like(ids)

    def participation(v: Tensor) -> Tensor:
        v = v[:, -WINDOW:].flatten(2).float()
        gram = v @ v.mT
        return gram.diagonal(dim1=-2, dim2=-1).sum(-1) ** 2 / (gram**2).sum((-2, -1))

    @torch.inference_mode()
    def run() -> Tensor:
        found = []
        for head in (None, *heads):
            kept: dict[int, Tensor] = {}

            def zero(z: Tensor, hook: Any, head: Head | None = head) -> Tensor:
                z[:, :, head.index] = 0  # type: ignore[union-attr]
                return z

            hooks: list[Any] = [] if head is None else [(f"blocks.{head.layer}.attn.hook_z", zero)]
            for layer in (early, late):

                def keep(v: Tensor, hook: Any, layer: int = layer, kept: dict[int, Tensor] = kept) -> None:
                    kept[layer] = v

                hooks.append((f"blocks.{layer}.attn.hook_v", keep))
            bridge.run_with_hooks(ids, fwd_hooks=hooks, prepend_bos=False, attention_mask=mask)
            found.append(participation(kept[late]) / (participation(kept[early]) + 1e-8))
        return torch.stack(found).double().cpu()

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=("r_v", "text", "known"))
    parser.add_argument("case", choices=sorted(CASES))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", default="float32", help="of all programs")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--prompts", type=int)
    parser.add_argument("--tokens", type=int, default=32, help="generated, or known")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--clock", choices=clocks, default="wall")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    case = CASES[given.case]
    case = replace(case, layers=given.layers or case.layers, prompts=given.prompts or case.prompts)
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(3, case.vocabulary, (case.prompts, case.tokens), generator=generator).to(given.device)
    model = build(case, given.device, getattr(torch, given.dtype))
    model.generation_config.eos_token_id = None
    settings = Settings(device=given.device, memory_gb=16)
    heads = [Head(i * case.layers // CONDITIONS, i % case.heads) for i in range(CONDITIONS - 1)]
    if given.what == "text":
        asked = Metric("written", tokens=given.tokens)
        runs = {
            "ours": ours(case, model, ids, heads, asked, settings),
            "generate": one_at_a_time(case, model, heads, partial(generated, model, ids, given.tokens)),
        }
    elif given.what == "known":
        asked = Metric("keyword_expected", list="counted", along="text", tokens=given.tokens)
        ids = torch.cat(
            [
                ids,
                torch.randint(3, case.vocabulary, (case.prompts, given.tokens), generator=generator).to(given.device),
            ],
            1,
        )
        runs = {
            "ours": ours(case, model, ids, heads, asked, settings, given.tokens),
            "at once": one_at_a_time(case, model, heads, partial(at_once, model, ids, given.tokens)),
            "token by token": one_at_a_time(case, model, heads, partial(token_by_token, model, ids, given.tokens)),
        }
    else:
        late = case.layers - 1
        heads = [Head(layer, head) for layer in (late - 2, late - 1) for head in range(case.heads)]
        asked = Metric("r_v", late=late, early=1, window=WINDOW)
        runs = {
            "ours": ours(case, model, ids, heads, asked, settings),
            "TransformerLens": r_v_by_hooks(model, ids, heads, 1, late),
        }
    found = side_by_side(runs, given.device, given.repeats, given.clock)
    seconds, values = found["ours"]
    print(
        f"{given.what}, {given.case}: {len(heads) + 1} conditions, {case.prompts} x {case.tokens} tokens, {case.layers} layers, {given.device}, {given.dtype}"
    )
    for label, (theirs, expected) in found.items():
        same = float(((values - expected).abs() <= 1e-3 * expected.abs()).double().mean())
        print(f"  {label:15} {theirs:9.3f} s   {theirs / seconds:5.2f} x ours; {same:.1%} of the numbers agree")


if __name__ == "__main__":
    main()
