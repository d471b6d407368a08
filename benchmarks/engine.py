"""How fast a full head sweep is, side by side in one run: this engine, TransformerLens, transformers hooks, nnsight.

    python benchmarks/engine.py cpu
    python benchmarks/engine.py gpt2 gpt2-medium mistral --dtype bfloat16 --layers 5

Every program zeroes each query head of each layer in turn and reads a logit difference at the last token.  Beside the
ratios stands the share of the machine: the time that the sweep's matrix products would take at the rate measured here,
over the time it took.  The rate is that of the model's own products alone (every layer's weights in turn, the tokens of
one pass, into memory that is there), measured between the rounds.  The products are those of the network as it is
written; what the engine finds a way around is said beside it.  On a machine that is busy with other work measure `--clock processor` with one thread: the
time that the program itself was running.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from causal_claims.engine.architecture import architecture
from causal_claims.engine.fast import FastPath
from causal_claims.engine.loading import Loaded
from causal_claims.engine.settings import Settings
from causal_claims.engine.task import Task
from causal_claims.examples import Example
from causal_claims.interventions.catalogue import ablate
from causal_claims.interventions.intervention import BASELINE
from causal_claims.metrics.logits import logit_diff  # noqa: F401  (declares the metric)
from causal_claims.metrics.metric import Metric
from causal_claims.models import ModelSpec
from causal_claims.sites import Head
from torch import Tensor


@dataclass(frozen=True)
class Case:
    family: str
    layers: int
    heads: int
    kv_heads: int
    width: int
    prompts: int
    tokens: int
    vocabulary: int = 50257


CASES = {
    "cpu": Case("gpt2", 12, 8, 8, 256, 32, 32, 1000),
    "gpt2": Case("gpt2", 12, 12, 12, 768, 64, 32),
    "gpt2-medium": Case("gpt2", 24, 16, 16, 1024, 64, 32),
    "mistral": Case("mistral", 5, 32, 8, 4096, 64, 32, 32000),
    "gpt2-long": Case("gpt2", 12, 12, 12, 768, 8, 1024),
    "mistral-long": Case("mistral", 5, 32, 8, 4096, 8, 2048, 32000),
}


clocks = {"wall": time.perf_counter, "processor": time.process_time}


def build(case: Case, device: str, dtype: torch.dtype) -> Any:
    """The shape with random weights; nothing is downloaded."""
    from transformers import GPT2Config, GPT2LMHeadModel, MistralConfig, MistralForCausalLM

    torch.manual_seed(0)
    if case.family == "gpt2":
        config: Any = GPT2Config(
            vocab_size=case.vocabulary, n_positions=max(1024, case.tokens), n_embd=case.width, n_layer=case.layers,
            n_head=case.heads,
        )  # fmt: skip
        model: Any = GPT2LMHeadModel(config)
    else:
        config = MistralConfig(
            vocab_size=case.vocabulary, hidden_size=case.width, intermediate_size=14336 * case.width // 4096,
            num_hidden_layers=case.layers, num_attention_heads=case.heads, num_key_value_heads=case.kv_heads,
            sliding_window=None,
        )  # fmt: skip
        model = MistralForCausalLM(config)
    return model.to(device=device, dtype=dtype).eval().requires_grad_(False)


class Numbers:
    """A tokenizer's place: prompts are numbers already."""

    tokenizer = None

    def prompt(self, text: str, asked: str) -> tuple[int, ...]:
        return tuple(map(int, text.split()))

    def single(self, word: str, prompt: str, asked: str) -> int:
        return int(word)


def ours(case: Case, model: Any, ids: Tensor, settings: Settings) -> Callable[[], Tensor]:
    mapped = architecture(model)
    loaded = Loaded(
        ModelSpec("m", case.family, "random"), model, None, Numbers(), mapped, "", "", ids.device  # type: ignore[arg-type]
    )  # fmt: skip
    rows = tuple(
        Example(str(i), " ".join(map(str, row)), fields={"target": "1", "foil": "2"})
        for i, row in enumerate(ids.tolist())
    )
    heads = [ablate(Head(layer, head)) for layer in range(case.layers) for head in range(case.heads)]
    metric = Metric("logit_diff")
    task = Task((metric,), (BASELINE, *heads), rows, tuple(range(len(rows))))
    path = FastPath(loaded, settings)

    def run() -> Tensor:
        place = {condition: i for i, condition in enumerate(task.conditions)}
        found = torch.zeros(len(place), len(rows))
        for part in path.parts(task):
            found[place[part.condition], list(part.rows)] = torch.tensor(part.values[metric]).float()
        return found

    return run


def transformers_hooks(case: Case, model: Any, ids: Tensor) -> Callable[[], Tensor]:
    body = model.transformer.h if case.family == "gpt2" else model.model.layers
    outputs = [b.attn.c_proj if case.family == "gpt2" else b.self_attn.o_proj for b in body]
    width = case.width // case.heads

    @torch.inference_mode()
    def run() -> Tensor:
        found = [model(ids, logits_to_keep=1).logits[:, -1]]
        for module in outputs:
            for head in range(case.heads):

                def zero(_: Any, args: Any, head: int = head) -> Any:
                    z = args[0].clone()
                    z[..., head * width : (head + 1) * width] = 0
                    return (z,)

                handle = module.register_forward_pre_hook(zero)
                try:
                    found.append(model(ids, logits_to_keep=1).logits[:, -1])
                finally:
                    handle.remove()
        return torch.stack([(one[:, 1] - one[:, 2]).float().cpu() for one in found])

    return run


def transformer_lens(case: Case, model: Any, ids: Tensor) -> Callable[[], Tensor]:
    """`run_with_hooks`, one condition at a time, on the whole batch."""
    bridge = bridged(model, ids)
    mask = torch.ones_like(ids)

    @torch.inference_mode()
    def run() -> Tensor:
        found = [bridge(ids, prepend_bos=False, attention_mask=mask)[:, -1]]
        for layer in range(case.layers):
            for head in range(case.heads):

                def zero(z: Tensor, hook: Any, head: int = head) -> Tensor:
                    z[:, :, head] = 0
                    return z

                hooks = [(f"blocks.{layer}.attn.hook_z", zero)]
                found.append(bridge.run_with_hooks(ids, fwd_hooks=hooks, prepend_bos=False, attention_mask=mask)[:, -1])
        return torch.stack([(one[:, 1] - one[:, 2]).float().cpu() for one in found])

    return run


def bridged(model: Any, ids: Tensor) -> Any:
    import copy

    from transformer_lens.model_bridge import TransformerBridge

    return TransformerBridge.boot_transformers(
        "random/model", hf_model=copy.deepcopy(model), tokenizer=_a_tokenizer(), device=str(ids.device)
    )


def nnsight_traces(case: Case, model: Any, ids: Tensor) -> Callable[[], Tensor]:
    from nnsight import NNsight

    traced = NNsight(model)
    width = case.width // case.heads

    @torch.inference_mode()
    def run() -> Tensor:
        found = [model(ids).logits[:, -1]]
        body = traced.transformer.h if case.family == "gpt2" else traced.model.layers
        for layer in range(case.layers):
            module = body[layer].attn.c_proj if case.family == "gpt2" else body[layer].self_attn.o_proj
            for head in range(case.heads):
                with traced.trace(ids):
                    module.input[..., head * width : (head + 1) * width] = 0
                    out = traced.output.logits[:, -1].save()
                found.append(out)
        return torch.stack([(one[:, 1] - one[:, 2]).float().cpu() for one in found])

    return run


def _a_tokenizer() -> Any:
    """The bridge wants one; it is never asked."""
    import tempfile

    from tokenizers import Tokenizer, models
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    folder = tempfile.mkdtemp()  # the bridge reads it again later
    made = Tokenizer(models.WordLevel({"<s>": 0, "</s>": 1}, unk_token="<s>"))
    fast = PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    fast.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def products(case: Case, ordinary: bool = True) -> float:
    """Floating-point operations of the sweep: all conditions from where they start to the logits.

    `ordinary`: as the network is written.  Else without the last layer's keys and values, which the engine does not make
    where only the last token's logits are read and positions are not rotated.
    """
    d, rows, head = case.width, case.prompts * case.tokens, case.width // case.heads
    kv = case.kv_heads * head
    attention = 2 * rows * d * (2 * d + 2 * kv) + 2 * 2 * rows * (case.tokens / 2) * d
    wide = 4 * d if case.family == "gpt2" else 14336 * d // 4096
    mlp = 2 * rows * d * wide * (2 if case.family == "gpt2" else 3)
    last = mlp / case.tokens  # of the last layer only the last token's MLP is needed
    last_attention = 2 * rows * d * (d + 2 * kv)  # and its queries, keys and values
    if not ordinary and case.family == "gpt2":
        last_attention = 2 * 2 * rows * case.heads * d
    total = case.layers * (attention + mlp)  # the clean pass
    for layer in range(case.layers):
        above = case.layers - 1 - layer
        one = 2 * rows * head * d  # the head's contribution
        one += mlp + (above - 1) * (attention + mlp) + last_attention + last if above else last
        total += case.heads * one
    return total


def matmul_rate(model: Any, tokens: int, clock: str) -> float:
    """Operations a second of the model's own products, layer by layer, and nothing else; the best of several."""
    from transformers.pytorch_utils import Conv1D

    stack = model.transformer.h if hasattr(model, "transformer") else model.model.layers
    weights = [
        one.weight if isinstance(one, Conv1D) else one.weight.T
        for one in stack.modules()
        if isinstance(one, Conv1D | torch.nn.Linear)
    ]
    made = {width: weights[0].new_empty(tokens, width) for w in weights for width in w.shape}
    for tensor in made.values():
        tensor.normal_()
    written = {w.shape: weights[0].new_empty(tokens, w.shape[1]) for w in weights}
    work = sum(2 * tokens * w.numel() for w in weights)
    device, best = str(weights[0].device), 0.0
    for _ in range(8):
        _wait(device)
        begun = clocks[clock]()
        for w in weights:
            torch.mm(made[w.shape[0]], w, out=written[w.shape])
        _wait(device)
        best = max(best, work / (clocks[clock]() - begun))
    return best


def side_by_side(
    runs: dict[str, Callable[[], Tensor]], device: str, rounds: int, clock: str = "wall"
) -> dict[str, tuple[float, Tensor]]:
    """The best of some rounds in which all take turns, so that a busy moment hits each alike."""
    best: dict[str, tuple[float, Tensor]] = {}
    for turn in range(rounds + 1):
        for label, run in list(runs.items()):
            _wait(device)
            begun = clocks[clock]()
            try:
                found = run()
            except Exception as error:  # a broken rival is a line, not the end
                print(f"  {label:15}  not measured: {type(error).__name__}: {str(error)[:100]}")
                del runs[label]
                continue
            _wait(device)
            seconds = clocks[clock]() - begun
            if turn and (label not in best or seconds < best[label][0]):  # the first turn warms up
                best[label] = seconds, found
    return best


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cases", nargs="+", choices=sorted(CASES))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", default="float32", help="of ours; the others run in --others")
    parser.add_argument("--others", default="float32")
    parser.add_argument("--tf32", action="store_true", help="float32 products on tensor cores, in ours")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--clock", choices=clocks, default="wall")
    parser.add_argument("--row-tokens", type=int)
    every = ["transformers", "TransformerLens", "nnsight"]
    parser.add_argument("--rivals", nargs="*", choices=every, default=every)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    for name in given.cases:
        case = CASES[name] if given.layers is None else replace(CASES[name], layers=given.layers)
        generator = torch.Generator().manual_seed(0)
        ids = torch.randint(3, case.vocabulary, (case.prompts, case.tokens), generator=generator).to(given.device)
        dtype = getattr(torch, given.dtype)
        model = build(case, given.device, dtype)
        settings = Settings(device=given.device, row_tokens=given.row_tokens, memory_gb=16)
        torch.backends.cuda.matmul.allow_tf32 = given.tf32
        runs = {"ours": _with_tf32(given.tf32, ours(case, model, ids, settings))}
        other = build(case, given.device, getattr(torch, given.others))
        rivals = {"transformers": transformers_hooks, "TransformerLens": transformer_lens, "nnsight": nnsight_traces}
        for label in given.rivals:
            try:
                runs[label] = rivals[label](case, other, ids)
            except Exception as error:  # an absent rival is a line, not the end
                print(f"  {label:15}  not measured: {type(error).__name__}: {str(error)[:100]}")
        tokens = given.row_tokens or (1024 if given.device == "cpu" else 32768)
        rates: list[float] = []
        rate = partial(_note_rate, rates, model, tokens, given.clock)

        found = side_by_side({"rate": _with_tf32(given.tf32, rate), **runs}, given.device, given.repeats, given.clock)
        seconds, values = found["ours"]
        need, made = (products(case, ordinary) / max(rates) for ordinary in (True, False))
        sweep = f"{case.layers} x {case.heads} heads, {case.prompts} x {case.tokens} tokens"
        print(f"{name}: {sweep}, {given.device}, {given.dtype}{' (tf32)' if given.tf32 else ''}")
        print(
            f"  {'ours':15} {seconds:9.3f} s   {need / seconds:5.0%} of the {max(rates) / 1e12:.3g} TFLOP/s measured here"
        )
        print(f"  {'':27}   {made / seconds:5.0%} counting only the products that are made")
        for label in (one for one in given.rivals if one in found):
            theirs, expected = found[label]
            gap = statistics.fmean((values - expected).abs().flatten().tolist())
            print(f"  {label:15} {theirs:9.3f} s   {theirs / seconds:5.2f} x ours; mean difference {gap:.1e}")


@torch.inference_mode()
def _note_rate(rates: list[float], model: Any, tokens: int, clock: str) -> Tensor:
    rates.append(matmul_rate(model, tokens, clock))
    return torch.empty(0)


def _with_tf32(on: bool, run: Callable[[], Tensor]) -> Callable[[], Tensor]:
    def inside() -> Tensor:
        torch.backends.cuda.matmul.allow_tf32 = on
        try:
            return run()
        finally:
            torch.backends.cuda.matmul.allow_tf32 = False

    return inside


if __name__ == "__main__":
    main()
