"""A model over two cards gives the numbers that it gives on one; proven with cards that are pretended, since there are none."""

from dataclasses import dataclass, replace
from pathlib import Path

import engine_examples  # noqa: F401  (declares the sets of examples)
import numpy as np
import pytest
import torch
from causal_claims.claims.effects import Cell
from causal_claims.engine.budget import Budget
from causal_claims.engine.engine import Engine
from causal_claims.engine.pattern import pattern
from causal_claims.engine.screening import screen
from causal_claims.engine.settings import Settings
from causal_claims.engine.witness import Witness
from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.examples import examples
from causal_claims.interventions.catalogue import ablate, patch, transplant_v, uniform
from causal_claims.interventions.intervention import BASELINE, Intervention
from causal_claims.metrics.lexicon import word_list
from causal_claims.metrics.metric import METRICS as METRICS_DECLARED
from causal_claims.metrics.metric import Metric, metric
from causal_claims.models import Registry, load_registry
from causal_claims.sites import GENERATION, Head, KVHead, Point, Resid, Stage, VSlice
from checkpoints import FAMILIES
from pretend_cards import MIXED, OnCard, two_cards
from test_paths_agree import CONDITIONS, METRICS, OVER

QUIET = Settings(device="cuda", cross_examined=0, noise=False, gauge=False, row_tokens=1024)
TEXTS = [
    Metric("words_written", over=OVER, tokens=4, temperature=1.0, top_p=0.9),
    Metric("copy_score", layer=2, head=1, over=OVER, tokens=4),
    Metric("keyword_expected", over=OVER, list="colours", along="clean", tokens=4),
]
WORDS = [
    Metric(name, layer=layer, head=1, over="engine_words")
    for name in ("ov_projection", "copy_rank")
    for layer in (0, 2)
]
WHILE_WRITING = [
    BASELINE,
    ablate(Head(0, 1)),
    ablate(Head(2, 2), during="decode"),
    ablate(KVHead(1, 1)),
    ablate(Head(2, 0), how="random"),
    uniform(Head(2, 2)),
    patch(Head(2, 1), part="v"),
    patch(Head(2, 1), part="pattern_v"),
    patch(Resid(1)),
]


@dataclass(frozen=True)
class Machine:
    """Two cards with so much free memory that transformers lays the first layers on one and the rest on the other."""

    registry: Registry
    free_gb: tuple[float, float]

    def engine(self, settings: Settings = QUIET, model: str = "m") -> Engine:
        engine = Engine(self.registry, settings)
        assert len(engine.loaded(model).map.devices) == 2
        return engine


def machine(registry: Registry, family: str, **entry) -> Machine:
    spec = replace(registry[family], **{"device_map": "auto", **entry})
    size = sum(path.stat().st_size for path in Path(str(spec.path)).glob("*.safetensors")) / 2**30
    return Machine(Registry({"m": replace(spec, key="m")}), (4 + size, 4 + 1.5 * size))


def values(engine: Engine, cells: list[Cell], rows=None) -> dict[Cell, np.ndarray]:
    found = engine.measure("m", cells, rows=rows)
    assert not [one for one in found.values() if isinstance(one, Exception)]
    return {cell: one.values for cell, one in found.items()}


def conditions_of(family: str) -> list[Intervention]:
    return [*CONDITIONS, *([] if family == "gpt_neox" else [patch(Resid(1, "mid"), at="last")])]


def test_a_pretended_card_refuses_what_a_card_refuses(monkeypatch):
    with two_cards(monkeypatch):
        here, there = torch.ones(2, 3, device="cuda:0"), torch.arange(6.0, device="cuda:1").view(2, 3)
        for mixed in (
            lambda: here + there,
            lambda: here @ torch.ones(3, 1),
            lambda: torch.cat([here, there]),
            lambda: here.addmm_(here, there),
            lambda: here[torch.zeros(1, dtype=torch.long, device="cuda:1")],
            lambda: torch.ops.aten.add.Tensor(here, there),
            lambda: torch.nn.functional.scaled_dot_product_attention(here[None], here[None], there[None]),
        ):
            with pytest.raises(RuntimeError, match=MIXED):
                mixed()
        with pytest.raises(TypeError, match="to numpy"):
            here.numpy()
        assert (here + torch.tensor(1.0)).device == here.device  # a single number may come from the host, indices may
        assert here[torch.tensor([1])].device == here.device
        assert there.to(here.device).device == here.device
        assert there.cpu().tolist() == [[0, 1, 2], [3, 4, 5]]
        assert not isinstance(there.cpu(), OnCard)
        here.view(-1)[1:3].add_(5)  # views write through
        assert here.tolist() == [[1, 6, 6], [1, 1, 1]]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_intervention_and_metric_over_two_cards(registry, family, monkeypatch):
    few, conditions = replace(QUIET, examples=3), conditions_of(family)
    cells = [*(Cell(metric, condition) for metric in METRICS for condition in conditions), *map(Cell, WORDS)]
    third = conditions[FAMILIES.index(family) % 3 :: 3]  # on the slow path: each of them on some family
    again = [cell for cell in cells if cell.condition in third]
    alone = Registry({"m": replace(registry[family], key="m")})
    processor = Engine(alone, replace(few, device="cpu"))
    plain = values(processor, cells)
    with two_cards(monkeypatch):
        engine = Engine(alone, few)
        one = values(engine, cells)
        assert engine.loaded("m").map.devices == (torch.device("cuda:0"),)
    split = machine(registry, family)
    with two_cards(monkeypatch, split.free_gb):
        engine = split.engine(few)
        two = values(engine, cells)
        left = values(split.engine(replace(few, padding="left", row_tokens=60)), cells)
        reference = values(split.engine(replace(few, backend="reference")), again, rows=lambda data: (0,))
        assert engine.loaded("m").weights_hash == processor.loaded("m").weights_hash
    for cell in cells:
        np.testing.assert_array_equal(two[cell], one[cell], err_msg=str(cell))
        np.testing.assert_allclose(two[cell], plain[cell], atol=1e-6, rtol=1e-6, err_msg=str(cell))
        np.testing.assert_allclose(left[cell], two[cell], atol=1e-5, rtol=1e-5, err_msg=str(cell))
    for cell in again:
        np.testing.assert_allclose(reference[cell], two[cell][:1], atol=1e-5, rtol=1e-5, err_msg=str(cell))


@pytest.mark.parametrize("family", ["mistral", "gpt2"])
def test_text_heads_and_pictures_over_two_cards(registry, family, monkeypatch):
    word_list("colours", ["red", "blue"])
    cells = [Cell(metric, condition) for metric in TEXTS for condition in WHILE_WRITING]
    few = replace(QUIET, examples=3)

    def found(engine: Engine) -> tuple[dict[Cell, np.ndarray], list[np.ndarray], object]:
        loaded = engine.loaded("m")
        scores = [screen(loaded, engine.settings, score, OVER) for score in ("summed_attention", "copy_score")]
        return values(engine, cells), scores, pattern(loaded, engine.settings, Head(2, 1), examples(OVER).examples[0])

    texts, scores, picture = found(
        Engine(Registry({"m": replace(registry[family], key="m")}), replace(few, device="cpu"))
    )
    split = machine(registry, family)
    with two_cards(monkeypatch, split.free_gb):
        theirs, scored, drawn = found(split.engine(few))
        again = values(split.engine(replace(few, backend="reference")), cells[::5], rows=lambda data: (0,))
    for cell in cells:
        np.testing.assert_allclose(theirs[cell], texts[cell], atol=1e-6, err_msg=str(cell))
    for cell in again:
        np.testing.assert_allclose(again[cell], texts[cell][:1], atol=1e-5, err_msg=str(cell))
    for ours, here in zip(scores, scored, strict=True):
        np.testing.assert_allclose(here, ours, atol=1e-6)
    assert drawn == picture


def test_what_the_engine_finds_out_about_its_numbers_it_finds_out_over_two_cards(registry, monkeypatch):
    metrics = [METRICS[0], METRICS[7], METRICS[9]]
    conditions = [BASELINE, ablate(Head(0, 1)), ablate(Head(2, 1), how="mean"), patch(Resid(1))]
    split = machine(registry, "llama")
    with two_cards(monkeypatch, split.free_gb):
        engine = split.engine(replace(QUIET, cross_examined=2, noise=True, gauge=True))
        found = engine.measure("m", [Cell(metric, condition) for metric in metrics for condition in conditions])
    for cell, one in found.items():
        assert one.facts["cross_examined"].startswith("agrees"), cell
        assert one.facts["device"] == "cuda:0, cuda:1"
        assert one.noise_floor < 1e-5
        if cell.condition.steps:
            assert one.receipt.fault is None
            assert one.receipt.removed
        if cell.metric.name == "r_v":
            assert one.facts["gauge"].startswith("moves by")


MOVING = [
    Cell(metric, condition)
    for metric in METRICS
    for condition in (
        BASELINE,
        ablate(Head(2, 1)),
        ablate(Head(2, 0), how="mean"),
        ablate(Head(2, 0), how="random"),
        patch(Head(2, 1), part="v"),
        patch(Resid(2), at="last"),
        transplant_v(VSlice(2, 0, 1), source="corrupt", layer=0, at="-3:"),
    )
]


@pytest.fixture
def looked():
    """A metric that brings the attention of a text and the prompt together."""

    @metric(reads=lambda options: (Point(2, Stage.PATTERN), GENERATION))
    def looked_while_writing(run, *, tokens=4):
        base = torch.zeros(1, device=run.batch.ids.device)
        return torch.stack([base[0] + one.sum() for one in run.attention_while_generating(2, 1)])

    yield Metric("looked_while_writing", over=OVER)
    del METRICS_DECLARED["looked_while_writing"]


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_move_that_is_taken_out_is_found_out(registry, family, monkeypatch, looked):
    """Line by line: without this move tensors of two cards meet, and the pretended cards refuse it."""
    from accelerate.hooks import remove_hook_from_module

    word_list("colours", ["red", "blue"])
    written = [
        Cell(metric, by) for metric in [*TEXTS, looked] for by in (BASELINE, ablate(Head(2, 2)), uniform(Head(2, 2)))
    ]
    split = machine(registry, family)
    with two_cards(monkeypatch, split.free_gb) as cards:
        engine = split.engine(replace(QUIET, examples=2))
        loaded = engine.loaded("m")
        assert loaded.map.blocks[0].device != loaded.map.blocks[2].device
        remove_hook_from_module(loaded.hf_model, recurse=True)  # accelerate's would make up for some of the moves
        monkeypatch.setattr(Witness, "_logits", lambda self: torch.zeros(1))  # and plain transformers needs them

        def work() -> None:
            fresh = Engine(split.registry, engine.settings)
            fresh._held = engine._held
            values(fresh, [*MOVING, *written, *map(Cell, WORDS)])
            screen(loaded, engine.settings, "copy_score", OVER)

        work()
        lines = sorted(cards.moves)
        assert {"network.py", "tokens.py", "readout.py", "site_run.py", "screening.py", "decoder.py"} < {
            f for f, _ in lines
        }

        def noticed(line: tuple[str, int]) -> bool:
            cards.left_out = line
            try:
                work()
            except RuntimeError as error:
                return MIXED in str(error)
            return False

        assert [line for line in lines if not noticed(line)] == []


def test_one_card_is_enough_where_it_holds_the_model_or_is_named(registry, monkeypatch):
    split = machine(registry, "llama")
    with two_cards(monkeypatch):
        assert Engine(split.registry, QUIET).loaded("m").map.devices == (torch.device("cuda:0"),)
    with two_cards(monkeypatch, split.free_gb):
        named = Engine(split.registry, replace(QUIET, device="cuda:1")).loaded("m")
        assert named.map.devices == (torch.device("cuda:1"),)
    cells = [Cell(METRICS[0], by) for by in CONDITIONS[:3]]
    plain = values(Engine(split.registry, replace(QUIET, device="cpu")), cells)
    with two_cards(monkeypatch, (4.0, split.free_gb[1])):  # the first is taken
        engine = Engine(split.registry, QUIET)
        assert engine.loaded("m").map.devices == (torch.device("cuda:1"),)
        for cell, found in values(engine, cells).items():
            np.testing.assert_allclose(found, plain[cell], atol=1e-6)


def test_what_does_not_fit_the_cards_together_is_not_run(registry, monkeypatch):
    split = machine(registry, "llama", min_memory_gb=150, dtype="bfloat16")
    with (
        two_cards(monkeypatch, (70.0, 70.0)),
        pytest.raises(
            NotRunError,
            match="m needs 150 GB, and 2 cards have 132 GB free beside 4 GB for passes on each; give the run more cards",
        ),
    ):
        Engine(split.registry, QUIET).loaded("m")
    with (
        two_cards(monkeypatch),
        pytest.raises(
            NotRunError, match=r"m needs 200 GB and cuda has 160 GB; give the run more cards; fewer workers \(-n\)"
        ),
    ):
        Engine(Registry({"m": replace(split.registry["m"], min_memory_gb=200)}), QUIET).loaded("m")
    unmapped = Registry({"m": replace(split.registry["m"], device_map=None)})
    with (
        two_cards(monkeypatch),
        pytest.raises(
            NotRunError,
            match="m needs 150 GB and cuda has 80 GB; run it on a larger machine, or over several cards: device_map: auto",
        ),
    ):
        Engine(unmapped, QUIET).loaded("m")


def test_a_block_in_pieces_is_refused(registry, monkeypatch):
    split = machine(registry, "llama")
    whole = {
        "model.embed_tokens": 0,
        "model.norm": 1,
        "model.rotary_emb": 1,
        "lm_head": 1,
        "model.layers.0": 0,
        "model.layers.2": 1,
    }
    parts = ("self_attn", "mlp", "input_layernorm", "post_attention_layernorm")
    pieces = {f"model.layers.1.{part}": int(part == "mlp") for part in parts}
    monkeypatch.setattr("causal_claims.engine.loading._spread", lambda *given: {"device_map": {**whole, **pieces}})
    with (
        two_cards(monkeypatch),
        pytest.raises(NotRunError, match=r"its device map cut model\.layers\.1 in pieces \(cuda:0, cuda:1\)"),
    ):
        Engine(split.registry, QUIET).loaded("m")


def test_an_order_of_layers_that_goes_back_and_forth(registry, monkeypatch):
    split = machine(registry, "llama")
    places = {"model.embed_tokens": 0, "model.norm": 0, "model.rotary_emb": 1, "lm_head": 1}
    places |= {f"model.layers.{layer}": card for layer, card in enumerate((1, 0, 1))}
    cells = [Cell(metric, by) for metric in METRICS for by in CONDITIONS[::4]]
    plain = values(Engine(split.registry, replace(QUIET, device="cpu", examples=2)), cells)
    monkeypatch.setattr("causal_claims.engine.loading._spread", lambda *given: {"device_map": places})
    with two_cards(monkeypatch):
        there = values(split.engine(replace(QUIET, examples=2)), cells)
    for cell in cells:
        np.testing.assert_allclose(there[cell], plain[cell], atol=1e-6, rtol=1e-6, err_msg=str(cell))


def test_passes_keep_within_the_tightest_card(registry, monkeypatch):
    split = machine(registry, "llama")
    with two_cards(monkeypatch, split.free_gb):
        loaded = split.engine().loaded("m")
    with two_cards(monkeypatch, (3.0, 0.5)):
        assert Budget.of(QUIET, loaded).memory == 0.5 * 2**30


def test_float32_is_compared_on_the_host_where_the_cards_do_not_hold_it(registry, monkeypatch):
    size = 2 * (machine(registry, "llama").free_gb[0] - 4)
    split = machine(registry, "llama", dtype="bfloat16", min_memory_gb=size / 2)
    split = replace(split, free_gb=(4 + size / 4, 4 + size / 2))
    cells = [Cell(METRICS[0], by) for by in (BASELINE, ablate(Head(0, 0)))]
    with two_cards(monkeypatch, split.free_gb):
        engine = split.engine(replace(QUIET, noise=True, examples=3))
        with pytest.raises(NotRunError, match="2 cards have"):
            engine.loaded("m", "float32")
        assert 1e-3 < engine.measure("m", cells)[cells[0]].noise_floor < 0.5


def test_a_device_map_that_nobody_knows(tmp_path):
    (tmp_path / "models.yaml").write_text("m: {family: llama, id: a/b, device_map: everywhere}\n")
    with pytest.raises(ClaimsError, match="device_map 'everywhere' is not one of auto, balanced, balanced_low_0"):
        load_registry(tmp_path / "models.yaml")
