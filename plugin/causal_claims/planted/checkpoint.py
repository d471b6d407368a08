"""A canvas as an ordinary checkpoint: its tensors under the names and in the layout of the architecture."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from causal_claims.planted.basis import Array
from causal_claims.planted.canvas import CONST, Canvas
from causal_claims.planted.shape import Shape
from causal_claims.planted.vocabulary import BOS, END, EOS, tokenizer

NEURONS = 8  # the width of the MLPs; most planted neurons are absent, i.e. zero


def config(shape: Shape, words: dict[str, int]) -> dict[str, Any]:
    """config.json."""
    bos, eos = (words[BOS], words[EOS]) if shape.architecture in ("mistral", "llama") else (words[END], words[END])
    common = {
        "vocab_size": len(words),
        "bos_token_id": bos,
        "eos_token_id": eos,
        "tie_word_embeddings": False,
        "dtype": "float32",
    }
    if shape.architecture == "gpt2":
        return {
            "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_layer": shape.layers, "n_head": shape.heads,
            "n_embd": shape.d_model, "n_inner": NEURONS, "n_positions": shape.context, "layer_norm_epsilon": 1e-5,
            "activation_function": "gelu_new", "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0, **common,
        }  # fmt: skip
    size = {
        "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads, "hidden_size": shape.d_model,
        "intermediate_size": NEURONS, "max_position_embeddings": shape.context,
    }  # fmt: skip
    if shape.architecture == "pythia":
        return {
            "model_type": "gpt_neox", "architectures": ["GPTNeoXForCausalLM"], "rotary_pct": 0.25,
            "rotary_emb_base": int(shape.theta), "use_parallel_residual": True, "hidden_act": "gelu",
            "rope_parameters": {"rope_type": "default", "rope_theta": shape.theta, "partial_rotary_factor": 0.25},
            "layer_norm_eps": 1e-5, "attention_bias": True, **size, **common,
        }  # fmt: skip
    name = {"mistral": "MistralForCausalLM", "llama": "LlamaForCausalLM"}[shape.architecture]
    return {
        "model_type": shape.architecture, "architectures": [name], "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.d_head, "hidden_act": "silu", "rms_norm_eps": 1e-6, "rope_theta": shape.theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.theta}, "sliding_window": None, **size, **common,
    }  # fmt: skip


def tensors(canvas: Canvas) -> dict[str, Array]:
    """The checkpoint's tensors.  A normalised token is x sqrt(d) / radius, so readers are scaled by its inverse."""
    shape = canvas.shape
    scale = canvas.radius / np.sqrt(shape.d_model)
    d, wide = shape.d_model, shape.heads * shape.d_head
    q = canvas.q * scale * np.sqrt(shape.d_head)  # layers x heads x d_head x d_model
    k, v = canvas.k * scale, canvas.v * scale
    out = canvas.o.transpose(0, 2, 1, 3).reshape(shape.layers, d, wide)  # layers x d_model x (heads d_head)
    found: dict[str, Array] = {}
    for layer in range(shape.layers):
        reads = np.zeros((NEURONS, d))
        writes = np.zeros((d, NEURONS))
        for place, (reader, writer) in enumerate(canvas.neurons.get(layer, [])):
            reads[place], writes[:, place] = reader * scale, writer
        rows = [a[layer].reshape(-1, d) for a in (q, k, v)]
        found |= _LAYOUT[shape.architecture](canvas, layer, rows, out[layer], reads, writes, scale)
    head = canvas.unembed * scale
    ones, zeros = np.ones(d), np.zeros(d)
    if shape.architecture == "gpt2":
        found |= {
            "transformer.wte.weight": canvas.embed, "transformer.wpe.weight": canvas.places,
            "transformer.ln_f.weight": ones, "transformer.ln_f.bias": zeros, "lm_head.weight": head,
        }  # fmt: skip
    elif shape.architecture == "pythia":
        found |= {
            "gpt_neox.embed_in.weight": canvas.embed, "gpt_neox.final_layer_norm.weight": ones,
            "gpt_neox.final_layer_norm.bias": zeros, "lm_head.weight": head,
        }  # fmt: skip
    else:
        found |= {"model.embed_tokens.weight": canvas.embed, "model.norm.weight": ones, "lm_head.weight": head}
    return {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in found.items()}


def write(canvas: Canvas, folder: Path, truth: dict[str, Any]) -> None:
    """config.json, model.safetensors, the tokenizer, and truth.json, which claim code never reads."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(canvas.shape, canvas.words.ids), indent=1), encoding="utf-8")
    save_file(tensors(canvas), folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer(canvas.shape.architecture).save_pretrained(folder)
    (folder / "truth.json").write_text(json.dumps(truth, indent=1), encoding="utf-8")


def _gpt2(
    canvas: Canvas, layer: int, rows: list[Array], out: Array, reads: Array, writes: Array, _: float
) -> dict[str, Array]:
    """Conv1D stores (in, out)."""
    name, d = f"transformer.h.{layer}", canvas.shape.d_model
    return {
        f"{name}.ln_1.weight": np.ones(d), f"{name}.ln_1.bias": np.zeros(d),
        f"{name}.ln_2.weight": np.ones(d), f"{name}.ln_2.bias": np.zeros(d),
        f"{name}.attn.c_attn.weight": np.concatenate(rows).T, f"{name}.attn.c_attn.bias": np.zeros(3 * d),
        f"{name}.attn.c_proj.weight": out.T, f"{name}.attn.c_proj.bias": np.zeros(d),
        f"{name}.mlp.c_fc.weight": reads.T, f"{name}.mlp.c_fc.bias": np.zeros(NEURONS),
        f"{name}.mlp.c_proj.weight": writes.T, f"{name}.mlp.c_proj.bias": np.zeros(d),
    }  # fmt: skip


def _pythia(
    canvas: Canvas, layer: int, rows: list[Array], out: Array, reads: Array, writes: Array, _: float
) -> dict[str, Array]:
    """One matrix holds q, k and v, head by head."""
    shape, name = canvas.shape, f"gpt_neox.layers.{layer}"
    d = shape.d_model
    fused = np.stack([a.reshape(shape.heads, shape.d_head, d) for a in rows], axis=1).reshape(-1, d)
    return {
        f"{name}.input_layernorm.weight": np.ones(d), f"{name}.input_layernorm.bias": np.zeros(d),
        f"{name}.post_attention_layernorm.weight": np.ones(d), f"{name}.post_attention_layernorm.bias": np.zeros(d),
        f"{name}.attention.query_key_value.weight": fused, f"{name}.attention.query_key_value.bias": np.zeros(len(fused)),
        f"{name}.attention.dense.weight": out, f"{name}.attention.dense.bias": np.zeros(d),
        f"{name}.mlp.dense_h_to_4h.weight": reads, f"{name}.mlp.dense_h_to_4h.bias": np.zeros(NEURONS),
        f"{name}.mlp.dense_4h_to_h.weight": writes, f"{name}.mlp.dense_4h_to_h.bias": np.zeros(d),
    }  # fmt: skip


def _llama(
    canvas: Canvas, layer: int, rows: list[Array], out: Array, reads: Array, writes: Array, scale: float
) -> dict[str, Array]:
    """The gated MLP: the gate is the planted neuron, `up` reads the constant 1."""
    name, d = f"model.layers.{layer}", canvas.shape.d_model
    up = np.zeros_like(reads)
    up[: len(canvas.neurons.get(layer, []))] = canvas.const * scale / CONST
    return {
        f"{name}.input_layernorm.weight": np.ones(d), f"{name}.post_attention_layernorm.weight": np.ones(d),
        f"{name}.self_attn.q_proj.weight": rows[0], f"{name}.self_attn.k_proj.weight": rows[1],
        f"{name}.self_attn.v_proj.weight": rows[2], f"{name}.self_attn.o_proj.weight": out,
        f"{name}.mlp.gate_proj.weight": reads, f"{name}.mlp.up_proj.weight": up, f"{name}.mlp.down_proj.weight": writes,
    }  # fmt: skip


_LAYOUT = {"gpt2": _gpt2, "pythia": _pythia, "mistral": _llama, "llama": _llama}
