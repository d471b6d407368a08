"""From a registry entry to a loaded model, every fault a sentence."""

import contextlib
import copy
import hashlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from causal_claims.engine.architecture import Architecture, architecture, supported
from causal_claims.engine.checkpoint import check_files, locate, weights_hash
from causal_claims.engine.room import OUT_OF_MEMORY, host, host_memory, lone, needed, on_each
from causal_claims.engine.settings import Settings
from causal_claims.engine.tokens import Tokens
from causal_claims.errors import ClaimsError, NotRunError, listing
from causal_claims.models import ModelSpec
from causal_claims.sites import Site

_TYPES = {"gpt2": "gpt2", "mistral": "mistral", "llama": "llama", "pythia": "gpt_neox", "qwen2": "qwen2"}


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model in memory, and everything needed to measure it by hand."""

    spec: ModelSpec
    hf_model: Any  # transformers, attention by sdpa, never hooked by us
    tokenizer: Any
    tokens: Tokens
    map: Architecture
    weights_hash: str
    dtype: str
    device: torch.device  # where a pass begins; a model over several cards goes on from there
    beside: dict[str, "Loaded"] = field(default_factory=dict, init=False, repr=False)  # the same in another dtype

    @property
    def revision(self) -> str:
        """The commit where the hub gave one; a local folder is known by its weights."""
        return self.spec.revision or f"sha256:{self.weights_hash[:16]}"

    @cached_property
    def tokenizer_hash(self) -> str:
        tok = self.tokenizer
        known = getattr(tok, "backend_tokenizer", None)
        text = repr(sorted(tok.get_vocab().items())) if known is None else known.to_str()
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def where(self) -> str:
        """The device, or all that it is spread over."""
        return ", ".join(map(str, self.map.devices)) if self.map.split else str(self.device)

    @property
    def bridge(self) -> Any:
        """The TransformerLens bridge, over its own modules and the same weights.

        Its own, because booting a bridge switches the attention of the model it is given to eager.
        """
        return self._booted[0]

    @property
    def stray_hooks(self) -> int:
        """Hooks on the model, or on the bridge beyond those it keeps for itself: somebody left them behind."""
        own = _hooks(self.bridge) - self._booted[1] if "_booted" in self.__dict__ else 0
        return _hooks(self.hf_model) + own

    @cached_property
    def _booted(self) -> tuple[Any, int]:
        from transformer_lens.model_bridge import TransformerBridge

        shared = {id(tensor): tensor for tensor in (*self.hf_model.parameters(), *self.hf_model.buffers())}
        own = copy.deepcopy(self.hf_model, shared)
        with _quiet():
            bridge = TransformerBridge.boot_transformers(
                self.spec.where, hf_model=own, tokenizer=copy.deepcopy(self.tokenizer), device=str(self.device)
            )
            with torch.inference_mode():  # it places hooks of its own at its first pass
                token = torch.zeros(1, 1, dtype=torch.long, device=self.device)
                bridge.run_with_hooks(token, fwd_hooks=[("blocks.0.hook_resid_pre", _nothing)], prepend_bos=False)
        return bridge, _hooks(bridge)

    def resolved(self, site: Site) -> str:
        """`L27.H11 -> o_proj input columns 1408:1536, KV head 2`."""
        return self.map.resolve(site)


def _nothing(tensor: Any, hook: Any) -> None:
    return None


def _hooks(model: Any) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


def load(spec: ModelSpec, settings: Settings, dtype: str) -> Loaded:
    """Load a registry entry's model, or say why not."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    device = _device(settings.device, spec)
    folder = locate(spec, settings.download)
    check_files(folder, spec.key)
    trusted = {"trust_remote_code": spec.trust_remote_code}
    with _quiet():
        try:
            config = AutoConfig.from_pretrained(folder, **trusted)
        except (ValueError, OSError, KeyError) as error:
            raise ClaimsError(f"{spec.key}: {folder}/config.json cannot be used: {_sentence(error)}") from None
        _check_config(spec, config)
        _check_digits(spec, config)
        _check_memory(spec, device, dtype)
        spread = _spread(spec, settings, device, dtype)
        tokenizer = _tokenizer(spec, folder, AutoTokenizer, trusted)
        try:
            with host_memory():
                pretrained: Any = AutoModelForCausalLM.from_pretrained(
                folder, config=config, dtype=getattr(torch, dtype), attn_implementation="sdpa", use_safetensors=True,
                output_loading_info=True, **spread, **trusted,
            )  # fmt: skip
        except OUT_OF_MEMORY as error:
            raise _too_large(spec, device, error) from None
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            raise ClaimsError(f"{spec.key}: the weights in {folder} cannot be loaded: {_sentence(error)}") from None
    model, report = pretrained
    _check_report(spec, folder, report)
    if not spread:
        try:
            with host_memory():
                model = model.to(device)
        except OUT_OF_MEMORY as error:
            raise _too_large(spec, device, error) from None
    _check_places(spec, model)
    model = model.eval().requires_grad_(False)
    mapped = architecture(model)
    if spread:
        _check_blocks(spec, model)
        device = mapped.devices[0]
    highest = max(tokenizer.get_vocab().values())
    if highest >= mapped.vocabulary:
        raise ClaimsError(
            f"{spec.key}: its tokenizer counts tokens up to {highest} and the model embeds {mapped.vocabulary}; "
            "it is another model's tokenizer. Name the right one with tokenizer: in models.yaml."
        )
    tokens = Tokens(tokenizer, settings.special_tokens, spec.key, mapped.context)
    return Loaded(spec, model, tokenizer, tokens, mapped, weights_hash(model), dtype, device)


def _device(name: str, spec: ModelSpec) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ClaimsError(f"device {name!r} is no device; write cpu, cuda, cuda:0 or mps.") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise NotRunError(
            f"{spec.key}: device {name} was asked for and this machine has no usable GPU; use --claims-device=cpu."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise NotRunError(f"{spec.key}: device mps was asked for and this machine has none; use --claims-device=cpu.")
    return device


def _check_config(spec: ModelSpec, config: Any) -> None:
    if config.model_type not in supported():
        raise ClaimsError(
            f"{spec.key}: the checkpoint is of architecture {config.model_type!r}; the engine knows {listing(supported())}."
        )
    wanted = _TYPES.get(spec.family)
    if wanted is not None and wanted != config.model_type:
        raise ClaimsError(
            f"{spec.key}: models.yaml says family {spec.family!r} and the checkpoint is of architecture "
            f"{config.model_type!r}; give a {spec.family} checkpoint or another family."
        )
    there = {
        "layers": config.num_hidden_layers,
        "heads": config.num_attention_heads,
        "kv_heads": getattr(config, "num_key_value_heads", None) or config.num_attention_heads,
    }
    for name, count in there.items():
        declared = getattr(spec, name)
        if declared is not None and declared != count:
            raise ClaimsError(
                f"{spec.key}: models.yaml says {name}: {declared} and the checkpoint {spec.where} has {count}; correct one of them."
            )


def _check_digits(spec: ModelSpec, config: Any) -> None:
    """Quantised weights are numbers only inside their own kernels, and both paths read weights."""
    own = getattr(config, "quantization_config", None)
    method = own.get("quant_method") if isinstance(own, dict) else own
    if method or spec.quantisation:
        there = (
            f"{spec.where} is quantised ({method})" if method else f"models.yaml says quantisation: {spec.quantisation}"
        )
        raise NotRunError(
            f"{spec.key}: {there}, and only weights in float32, float16 and bfloat16 are measured; take the checkpoint in "
            "bfloat16 without quantisation, or judge a smaller model."
        )


def _spread(spec: ModelSpec, settings: Settings, device: torch.device, dtype: str) -> dict[str, Any]:
    """How the weights are laid over several cards, where the first does not hold them; each keeps room for passes."""
    several = device.type == "cuda" and device.index is None and torch.cuda.device_count() > 1
    if spec.device_map is None or not several or lone(spec, settings, dtype):
        return {}
    room, need = on_each(settings), needed(spec, dtype)
    if sum(room.values()) < need:
        raise NotRunError(
            f"{spec.key} needs {need:.3g} GB, and {len(room)} cards have {sum(room.values()):.3g} GB free beside "
            f"{settings.memory_gb:g} GB for passes on each; give the run more cards, or --claims-memory less."
        )
    return {"device_map": spec.device_map, "max_memory": {i: int(there * 2**30) for i, there in room.items()}}


def _check_places(spec: ModelSpec, model: Any) -> None:
    """On one device, or on cards: weights that wait elsewhere until they are used cannot be read beside the rest."""
    places = sorted({str(weight.device) for weight in (*model.parameters(), *model.buffers())})
    if "meta" in places or ("cpu" in places and len(places) > 1):
        there = listing(["offloaded" if place == "meta" else place for place in places])
        raise NotRunError(
            f"{spec.key}: its device map put the weights in {len(places)} places ({there}), and only weights that lie on cards "
            "are measured; use more cards, cards with more memory, or a cheaper dtype."
        )


def _check_blocks(spec: ModelSpec, model: Any) -> None:
    """A block is whole on one card; the residual stream moves between blocks."""
    places: dict[str, set[str]] = {}
    for name, weight in model.named_parameters():
        if block := re.match(r"(.*?\.\d+)\.", name):
            places.setdefault(block[1], set()).add(str(weight.device))
    for name, there in places.items():
        if len(there) > 1:
            raise NotRunError(
                f"{spec.key}: its device map cut {name} in pieces ({listing(sorted(there))}), and a block is measured whole on one "
                "card; device_map: auto keeps blocks whole."
            )


def _check_memory(spec: ModelSpec, device: torch.device, dtype: str) -> None:
    if spec.min_memory_gb is None:
        return
    need, advice = needed(spec, dtype), "run it on a larger machine"
    if device.type == "cuda":
        count = torch.cuda.device_count()
        every = [torch.cuda.get_device_properties(i).total_memory / 2**30 for i in range(count)]
        spreads = spec.device_map is not None and device.index is None
        there = sum(every) if spreads else every[device.index or 0]
        if spreads:
            advice = "give the run more cards; fewer workers (-n) than cards get several each"
        elif count > 1 and device.index is None:
            advice = f"{advice}, or over several cards: device_map: auto in models.yaml"
    else:
        there = host()[0]
    if there < need * 0.95:
        wider = f" in {dtype}" if need > spec.min_memory_gb else ""
        raise NotRunError(f"{spec.key} needs {need:g} GB{wider} and {device} has {there:.0f} GB; {advice}.")


def _too_large(spec: ModelSpec, device: torch.device, error: BaseException) -> NotRunError:
    return NotRunError(
        f"{spec.key}: its weights do not fit the memory that is free on {device} ({_first(error)}); use a larger device or "
        "a cheaper dtype."
    )


def _first(error: BaseException) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__


def _tokenizer(spec: ModelSpec, folder: Path, loader: Any, trusted: dict[str, bool]) -> Any:
    place = spec.tokenizer or folder
    files = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")
    if Path(place).is_dir() and not any((Path(place) / name).is_file() for name in files):
        raise ClaimsError(
            f"{spec.key}: no tokenizer can be read from {place}: it has none of {listing(files)}. Put its files there or "
            "name one with tokenizer: in models.yaml."
        )
    try:
        tokenizer = loader.from_pretrained(place, local_files_only=True, **trusted)
    except Exception as error:  # every tokenizer library raises its own kinds
        raise ClaimsError(
            f"{spec.key}: no tokenizer can be read from {place}: {_sentence(error)} Put its files there or name one with "
            "tokenizer: in models.yaml."
        ) from None
    if not tokenizer.is_fast or len(tokenizer) == 0:
        raise ClaimsError(f"{spec.key}: {place} holds no fast tokenizer (tokenizer.json), which spans are found with.")
    return tokenizer


def _check_report(spec: ModelSpec, folder: Path, report: dict[str, Any]) -> None:
    """Weights that the checkpoint lacks would be drawn at random, silently."""
    if report.get("missing_keys"):
        raise ClaimsError(
            f"{spec.key}: {folder} lacks the weights {listing(sorted(report['missing_keys']), 3)}; it is incomplete or of another shape."
        )
    if report.get("mismatched_keys"):
        names = [key[0] if isinstance(key, tuple) else key for key in report["mismatched_keys"]]
        raise ClaimsError(
            f"{spec.key}: {folder} has weights of another shape than its config says: {listing(sorted(names), 3)}."
        )


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())[:300] or type(error).__name__
    return text if text.endswith(".") else f"{text}."


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Loading libraries print; a claim's report is no place for it."""
    import transformers.utils.logging as wordy

    voice: Any = wordy  # its functions are untyped
    level, root = voice.get_verbosity(), logging.getLogger().level
    bars = voice.is_progress_bar_enabled()
    voice.set_verbosity_error()
    voice.disable_progress_bar()
    try:
        yield
    finally:
        voice.set_verbosity(level)
        logging.getLogger().setLevel(root)
        if bars:
            voice.enable_progress_bar()
