"""What can be measured on this machine: its devices, and for each model whether its weights are here and fit."""

import importlib.util
from dataclasses import dataclass

from causal_claims.engine.checkpoint import check_files, locate
from causal_claims.engine.room import host, needed
from causal_claims.engine.settings import Settings
from causal_claims.errors import ClaimsError, listing
from causal_claims.models import ModelSpec, Registry


@dataclass(frozen=True)
class Device:
    name: str  # as --claims-device takes it
    what: str
    memory_gb: float
    free_gb: float


@dataclass(frozen=True)
class Ready:
    """Whether a model can be measured here, and what to do where it cannot."""

    model: str
    runs: bool
    why: str  # one sentence
    advice: str = ""


def missing_packages() -> tuple[str, ...]:
    """What a live run imports and is not installed."""
    names = ("torch", "transformers", "transformer_lens", "safetensors", "huggingface_hub")
    return tuple(name for name in names if importlib.util.find_spec(name) is None)


def devices() -> tuple[Device, ...]:
    """The processor and every GPU that torch can use."""
    import torch

    total, free = host()
    found = [Device("cpu", f"{torch.get_num_threads()} threads", total, free)]
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            about = torch.cuda.get_device_properties(i)
            left, there = torch.cuda.mem_get_info(i)
            found.append(Device(f"cuda:{i}", about.name, there / 2**30, left / 2**30))
    if torch.backends.mps.is_available():
        found.append(Device("mps", "Apple GPU", total, free))
    return tuple(found)


def ready(spec: ModelSpec, there: tuple[Device, ...]) -> Ready:
    """One model; nothing is loaded or downloaded."""
    stand_in = f"; or judge its stand-in: --claims-stand-in=VARIANT ({spec.stand_in})" if spec.stand_in else ""
    try:
        folder = locate(spec, download=False)
        check_files(folder, spec.key)
    except ClaimsError as error:
        why, _, advice = str(error).removeprefix(f"{spec.key}: ").partition("; ")
        return Ready(spec.key, False, why, (advice or "fetch the checkpoint again").rstrip(".") + stand_in)
    size = sum(path.stat().st_size for path in folder.glob("*.safetensors")) / 2**30
    need = needed(spec)
    fits = [device.name for device in there if device.memory_gb >= 0.95 * need]
    cards = [device.memory_gb - Settings().memory_gb for device in there if device.name.startswith("cuda")]
    if not fits and len(cards) > 1 and spec.device_map is not None and sum(cards) >= 0.95 * need:
        fits = [f"{len(cards)} cards together"]
    if not fits:
        most = max(device.memory_gb for device in there)
        every = f", and {len(cards)} cards together {sum(cards):.3g} GB beside passes" if len(cards) > 1 else ""
        mapped = ", or spread it: device_map: auto in models.yaml" if every and spec.device_map is None else ""
        return Ready(
            spec.key, False, f"its weights are here, and it needs {need:.3g} GB while no device has more than {most:.3g} GB{every}",
            f"run it on a larger machine{mapped}{stand_in}",
        )  # fmt: skip
    revision = "" if spec.path or spec.revision else "; its revision is not pinned, which the gate refuses"
    return Ready(spec.key, True, f"{size:.2g} GB of weights here; fits {listing(fits)}{revision}")


def examine(registry: Registry) -> tuple[Ready, ...]:
    there = devices()
    return tuple(ready(spec, there) for spec in registry.models.values())
