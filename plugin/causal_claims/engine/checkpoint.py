"""A checkpoint's files, looked at before anything is loaded: safetensors only, whole, and all there."""

import hashlib
import json
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError, NotRunError, listing
from causal_claims.models import ModelSpec


def locate(spec: ModelSpec, download: bool) -> Path:
    """The folder that holds the weights; absent weights are a reason not to run, with the way out."""
    if spec.path is not None:
        folder = Path(spec.path).expanduser()
        if not folder.is_dir():
            raise NotRunError(
                f"{spec.key}: there is no folder {spec.path}; put the checkpoint there or name one: "
                f"--claims-model {spec.key}=PATH."
            )
        return folder
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError

    wanted = ["*.json", "*.safetensors", "tokenizer*", "*.model", "*.txt"]
    try:
        return Path(
            snapshot_download(spec.id, revision=spec.revision, allow_patterns=wanted, local_files_only=not download)
        )
    except GatedRepoError:
        raise NotRunError(
            f"{spec.key}: {spec.id} is gated and this account has no access; accept its licence on the hub and set HF_TOKEN."
        ) from None
    except (HFValidationError, HfHubHTTPError) as error:
        raise NotRunError(f"{spec.key}: the hub has nothing for {spec.where}: {_first_line(error)}") from None
    except OSError:
        gated = " It is gated: accept its licence on the hub and set HF_TOKEN first." if spec.gated else ""
        revision = f" --revision {spec.revision}" if spec.revision else ""
        raise NotRunError(
            f"{spec.key}: the weights of {spec.where} are not on this machine; fetch them with "
            f"`hf download {spec.id}{revision}`, or name a checkpoint: --claims-model {spec.key}=PATH.{gated}"
        ) from None


def check_files(folder: Path, key: str) -> None:
    """Refuse a folder whose weights cannot be read whole."""
    if not (folder / "config.json").is_file():
        raise NotRunError(f"{key}: {folder} has no config.json, so it is no checkpoint; give the folder that has one.")
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text())["weight_map"].values()))
        except (ValueError, KeyError):
            raise ClaimsError(
                f"{key}: {index} is not a readable index of weights; fetch the checkpoint again."
            ) from None
    else:
        names = ["model.safetensors"]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        pickled = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt") for path in folder.glob(pattern))
        if pickled:
            raise ClaimsError(
                f"{key}: {folder} has its weights in {listing(pickled, 3)}; only safetensors are read, since a pickled "
                "file can run any code. Convert it and save it as safetensors."
            )
        raise NotRunError(f"{key}: {folder} lacks {listing(missing, 3)}; fetch the checkpoint again.")
    for name in names:
        _check_safetensors(folder / name, key)


def _check_safetensors(path: Path, key: str) -> None:
    """The header says how long the file must be."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise ClaimsError(f"{key}: {path} is truncated or no safetensors file; fetch it again.")
        try:
            header: dict[str, Any] = json.loads(file.read(length))
            end = max((e["data_offsets"][1] for n, e in header.items() if n != "__metadata__"), default=0)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ClaimsError(f"{key}: {path} has no readable safetensors header; fetch it again.") from None
    if size != 8 + length + end:
        raise ClaimsError(
            f"{key}: {path} is truncated: its header promises {8 + length + end:,} bytes and it has {size:,}; fetch it again."
        )


def weights_hash(model: Any) -> str:
    """sha256 over the sorted state dict: names, types, shapes, bytes."""
    import torch

    digest = hashlib.sha256()
    state = model.state_dict()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.view(-1).view(torch.uint8).numpy().data if tensor.numel() else b"")
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
