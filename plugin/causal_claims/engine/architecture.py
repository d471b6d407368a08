"""The map of one decoder: where a block keeps its norms, its query, key, value and output projections, its MLP.

Every supported family is read through the same few functions, so that the fast path is written once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from causal_claims.engine.activation import gpt2_mlp
from causal_claims.engine.last_query import last_query
from causal_claims.errors import ClaimsError, listing
from causal_claims.sites import Head, KVHead, Resid, Site, VSlice

Qkv = tuple[Tensor, Tensor, Tensor]
Look = Callable[[Tensor, Tensor, Tensor], Tensor]  # normed, last positions, what they see -> rows x 1 x heads x d_head


@dataclass(frozen=True)
class Block:
    """One layer of the network."""

    norm1: nn.Module
    qkv: Callable[[Tensor], Qkv]  # normed -> rows x positions x heads (or KV heads) x d_head, before rotation
    values: Callable[[Tensor], Tensor]  # normed -> rows x positions x KV heads x d_head
    w_o: Tensor  # heads * d_head x d_model
    b_o: Tensor | None  # d_model
    norm2: nn.Module
    mlp: Callable[[Tensor, Tensor], Tensor]  # normed, residual stream -> the stream with what the MLP writes
    scale: float  # of attention scores
    window: int | None  # positions a query may see, itself included; None: all before it
    look: Look | None = None  # what one query a row mixes, where that needs no keys and values

    @property
    def device(self) -> torch.device:
        return self.w_o.device


@dataclass(frozen=True)
class Architecture:
    """A whole decoder as the fast path walks it."""

    family: str
    blocks: tuple[Block, ...]
    heads: int
    kv_heads: int
    d_head: int
    d_model: int
    parallel: bool  # attention and MLP read the same residual stream (GPT-NeoX)
    rotary: int  # leading dimensions of a head that are rotated; 0: absolute positions
    context: int | None  # longest prompt, where positions are learned
    vocabulary: int
    embed: Callable[[Tensor, Tensor], Tensor]  # ids, positions -> rows x positions x d_model
    angles: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None  # residual, positions -> cos, sin
    final_norm: nn.Module
    w_u: Tensor  # vocabulary x d_model
    b_u: Tensor | None
    w_e: Tensor  # vocabulary x d_model

    @cached_property
    def devices(self) -> tuple[torch.device, ...]:
        """Where the weights are, in the order in which a pass comes by."""
        order = (self.w_e.device, *(block.device for block in self.blocks), self.norm_device, self.w_u.device)
        return tuple(dict.fromkeys(order))

    @cached_property
    def split(self) -> bool:
        """Whether the weights lie on several devices, so that a pass moves from one to the next."""
        return len(self.devices) > 1

    @cached_property
    def norm_device(self) -> torch.device:
        return next(self.final_norm.parameters()).device

    @property
    def out(self) -> torch.device:
        """Where logits are made, and metrics read."""
        return self.w_u.device

    @property
    def group(self) -> int:
        """Query heads that share one key/value head."""
        return self.heads // self.kv_heads

    def o(self, layer: int, head: int) -> Tensor:
        """What o_proj makes of one query head's z.  # d_head x d_model"""
        return self.blocks[layer].w_o[head * self.d_head : (head + 1) * self.d_head]

    def says(self, layer: int, head: int, ids: Tensor | None = None) -> Tensor:
        """What a head writes when it reads these tokens' embeddings, or the mean of all.  # rows x d_model, or d_model"""
        block = self.blocks[layer]
        read = self.w_e.mean(0)[None] if ids is None else self.w_e[ids.to(self.w_e.device)]
        values = block.values(block.norm1(read[:, None].to(block.device)))[:, 0, head // self.group]
        written = (values @ self.o(layer, head)).float()
        return written[0] if ids is None else written

    def resolve(self, site: Site) -> str:
        """The address in this model's own tensors: `L27.H11 -> o_proj input columns 1408:1536, KV head 2`."""
        self.check(site)
        d = self.d_head
        match site:
            case Head():
                shared = f", KV head {site.index // self.group}" if self.group > 1 else ""
                return f"{site} -> o_proj input columns {site.index * d}:{(site.index + 1) * d}{shared}"
            case KVHead():
                first = site.index * self.group
                readers = f"query heads {first} to {first + self.group - 1}" if self.group > 1 else f"head {first}"
                return f"{site} -> v_proj output columns {site.index * d}:{(site.index + 1) * d}, read by {readers}"
            case VSlice():
                columns = self.slice_columns(site)
                whole = columns.stop - columns.start == d and columns.start % d == 0
                place = f"KV head {columns.start // d}" if whole else f"no head: part of KV head {columns.start // d}"
                return f"{site} -> v_proj output columns {columns.start}:{columns.stop}, {place}"
            case Resid():
                return f"{site} -> residual stream {site.at} block {site.layer}"

    def slice_columns(self, site: VSlice) -> slice:
        width = self.kv_heads * self.d_head
        if width % site.of:
            raise ClaimsError(f"{site}: v_proj's {width} output columns cannot be cut into {site.of} equal slices.")
        step = width // site.of
        return slice(site.index * step, (site.index + 1) * step)

    def check(self, site: Site) -> None:
        """Refuse an address that this model does not have."""
        layers = len(self.blocks)
        if site.layer >= layers:
            raise ClaimsError(
                f"{site} is out of range: this {self.family} model has {layers} layers, 0 to {layers - 1}."
            )
        if isinstance(site, Head) and site.index >= self.heads:
            raise ClaimsError(
                f"{site} is out of range: this model has {self.heads} query heads a layer, 0 to {self.heads - 1}."
            )
        if isinstance(site, KVHead) and site.index >= self.kv_heads:
            raise ClaimsError(
                f"{site} is out of range: this model has {self.kv_heads} key/value heads a layer, 0 to {self.kv_heads - 1}."
            )
        if isinstance(site, VSlice):
            self.slice_columns(site)
        if isinstance(site, Resid) and site.at == "mid" and self.parallel:
            raise ClaimsError(
                f"{site} does not exist here: {self.family} computes attention and MLP side by side, so its residual "
                "stream has no middle; use 'pre' or 'post'."
            )


def architecture(model: Any) -> Architecture:
    """The map of a loaded model; a family that is not mapped is refused with a sentence."""
    kind = model.config.model_type
    if kind not in _MAPS:
        raise ClaimsError(
            f"the checkpoint is of architecture {kind!r}; the engine knows {listing(sorted(_MAPS))}. "
            "Map it in engine/architecture.py."
        )
    return _MAPS[kind](model)


def supported() -> tuple[str, ...]:
    return tuple(sorted(_MAPS))


def _gpt2(model: Any) -> Architecture:
    config, body = model.config, model.transformer
    heads, d = config.num_attention_heads, config.hidden_size // config.num_attention_heads
    if config.reorder_and_upcast_attn or config.add_cross_attention:
        raise ClaimsError(
            "the checkpoint is a GPT-2 with reordered or cross attention, which the engine does not know."
        )

    def block(layer: Any) -> Block:
        joined = layer.attn.c_attn  # Conv1D: weight is d_model x 3 d_model

        def qkv(x: Tensor) -> Qkv:
            q, k, v = torch.addmm(joined.bias, x.flatten(0, 1), joined.weight).view(*x.shape[:2], 3, heads, d).unbind(2)
            return q, k, v

        def values(x: Tensor) -> Tensor:
            start = 2 * heads * d
            found: Tensor = x @ joined.weight[:, start:] + joined.bias[start:]
            return found.view(*x.shape[:2], heads, d)

        def look(x: Tensor, last: Tensor, seen: Tensor) -> Tensor:
            return last_query(x, last, seen, joined.weight, joined.bias, heads, layer.attn.scaling)

        return Block(
            layer.ln_1, qkv, values, layer.attn.c_proj.weight, layer.attn.c_proj.bias, layer.ln_2,
            gpt2_mlp(layer.mlp, config.activation_function), layer.attn.scaling, None, look,
        )  # fmt: skip

    def embed(ids: Tensor, positions: Tensor) -> Tensor:
        found: Tensor = body.wte(ids)
        placed: Tensor = body.wpe(positions)
        return found + placed.to(found.device)

    return Architecture(
        "gpt2", tuple(map(block, body.h)), heads, heads, d, config.hidden_size, False, 0, config.n_positions,
        model.lm_head.weight.shape[0], embed, None, body.ln_f, model.lm_head.weight, None, body.wte.weight,
    )  # fmt: skip


def _mlp(module: Any) -> Callable[[Tensor, Tensor], Tensor]:
    def run(x: Tensor, resid: Tensor) -> Tensor:
        written: Tensor = module(x)
        return written.add_(resid)

    return run


def _llama(model: Any) -> Architecture:
    """Llama, Mistral and Qwen2: separate projections, gated MLP, rotary positions, grouped queries."""
    config, body = model.config, model.model
    heads, kv = config.num_attention_heads, config.num_key_value_heads
    d = getattr(config, "head_dim", None) or config.hidden_size // heads

    def block(layer: Any) -> Block:
        attention = layer.self_attn

        def values(x: Tensor) -> Tensor:
            found: Tensor = attention.v_proj(x).view(*x.shape[:2], kv, d)
            return found

        def qkv(x: Tensor) -> Qkv:
            shape = x.shape[:2]
            return attention.q_proj(x).view(*shape, heads, d), attention.k_proj(x).view(*shape, kv, d), values(x)

        window = getattr(attention, "sliding_window", None)
        if config.model_type == "mistral":
            window = getattr(config, "sliding_window", None)
        return Block(
            layer.input_layernorm, qkv, values, attention.o_proj.weight.T, attention.o_proj.bias,
            layer.post_attention_layernorm, _mlp(layer.mlp), attention.scaling, window,
        )  # fmt: skip

    return Architecture(
        config.model_type, tuple(map(block, body.layers)), heads, kv, d, config.hidden_size, False, d, None,
        model.lm_head.weight.shape[0], lambda ids, _: body.embed_tokens(ids), body.rotary_emb, body.norm,
        model.lm_head.weight, model.lm_head.bias, body.embed_tokens.weight,
    )  # fmt: skip


def _neox(model: Any) -> Architecture:
    config, body = model.config, model.gpt_neox
    heads, d = config.num_attention_heads, config.hidden_size // config.num_attention_heads

    def block(layer: Any) -> Block:
        attention = layer.attention
        joined = attention.query_key_value  # rows ordered head by head: q, k, v of head 0, then of head 1, ...

        def qkv(x: Tensor) -> Qkv:
            q, k, v = joined(x).view(*x.shape[:2], heads, 3, d).unbind(3)
            return q, k, v

        def values(x: Tensor) -> Tensor:
            weight = joined.weight.view(heads, 3, d, -1)[:, 2].flatten(0, 1)
            bias = None if joined.bias is None else joined.bias.view(heads, 3, d)[:, 2].flatten()
            return functional.linear(x, weight, bias).view(*x.shape[:2], heads, d)

        return Block(
            layer.input_layernorm, qkv, values, attention.dense.weight.T, attention.dense.bias,
            layer.post_attention_layernorm, _mlp(layer.mlp), attention.scaling, None,
        )  # fmt: skip

    first = body.layers[0].attention
    if first.rotary_ndims % 2:
        raise ClaimsError(
            f"the checkpoint rotates {first.rotary_ndims} of {d} dimensions of a head; rotation pairs dimensions, so the number "
            "must be even. Correct rotary_pct in its config."
        )
    return Architecture(
        "gpt_neox", tuple(map(block, body.layers)), heads, heads, d, config.hidden_size, config.use_parallel_residual,
        first.rotary_ndims, None, model.get_output_embeddings().weight.shape[0], lambda ids, _: body.embed_in(ids),
        body.rotary_emb, body.final_layer_norm, model.get_output_embeddings().weight, None, body.embed_in.weight,
    )  # fmt: skip


_MAPS: dict[str, Callable[[Any], Architecture]] = {
    "gpt2": _gpt2,
    "llama": _llama,
    "mistral": _llama,
    "qwen2": _llama,
    "gpt_neox": _neox,
}
