"""The planted families and their variants, built into checkpoint folders on demand."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal_claims.errors import ClaimsError, listing, nearest
from causal_claims.models import ModelSpec
from causal_claims.sites import Head

if TYPE_CHECKING:
    from causal_claims.planted.shape import Shape

_MODULES = {
    "contraction": "contraction",
    "suppressor": "suppressor",
    "retrieval": "retrieval",
    "gratitude": "gratitude",
}
_VARIANTS = {
    "contraction": (
        "in_place", "absent", "elsewhere", "spread", "decoy", "backup", "nonspecific", "gauge", "together", "layer_25",
    ),
    "suppressor": (
        "in_place", "absent", "elsewhere", "spread", "decoy", "backup", "ln_scale", "ov_only", "additive", "cooperating",
        "otherwise",
    ),
    "retrieval": ("in_place", "absent", "elsewhere", "spread", "decoy", "backup", "hidden"),
    "gratitude": (
        "in_place", "absent", "elsewhere", "spread", "decoy", "backup", "sole_carrier", "writes_without_looking", "alike",
        "graded", "courtesy", "pattern",
    ),
}  # fmt: skip
_HOME = {  # architecture, layers, heads, kv_heads of a family when no model is named
    "contraction": ("mistral", 32, 32, 8), "suppressor": ("gpt2", 24, 16, 16), "retrieval": ("llama", 32, 32, 8),
    "gratitude": ("gpt2", 12, 12, 12),
}  # fmt: skip
_TAKES = {  # the architectures a family can be planted in
    "contraction": ("mistral",), "suppressor": ("gpt2", "mistral", "pythia"), "retrieval": ("llama",),
    "gratitude": ("gpt2",),
}  # fmt: skip
_ROOM = {  # how many heads a circuit takes, and from which to which layer it can be; retrieval: 6 shared, 14 a task
    "contraction": (3, 27, 27), "suppressor": (3, 0, 0), "retrieval": (132, 4, -3), "gratitude": (1, 0, 5),
}  # fmt: skip
Place = tuple[tuple[int, int], ...]  # layer and head, the most important first; empty where the finding says


def families() -> dict[str, tuple[str, ...]]:
    """Every family, with its variants."""
    return dict(_VARIANTS)


def build(
    family: str,
    variant: str = "in_place",
    *,
    seed: int = 0,
    strength: float = 1.0,
    heads: Sequence[Head] = (),
    cache: Path | None = None,
    like: ModelSpec | None = None,
) -> Path:
    """The folder of a planted checkpoint; built in seconds the first time, found again afterwards.

    `like` gives it the counts of a real model (layers, heads, key/value heads), so that the addresses of a finding
    exist in it; the widths are always tiny.  `strength` scales what was planted; `absent` is strength 0.  `heads` is
    where it goes, the most important first, if not where the finding says.
    """
    _check(family, variant, strength)
    shape = shape_of(family, like)
    place = _place(family, shape, heads)
    effective = 0.0 if variant == "absent" else float(strength)
    asked = {"family": family, "variant": variant, "seed": seed, "strength": effective, "shape": vars(shape)}
    asked |= {"place": place} if place else {}
    key = hashlib.sha256(json.dumps([asked, _code(), _data()], sort_keys=True).encode()).hexdigest()[:16]
    home = cache if cache is not None else Path(tempfile.gettempdir()) / f"causal-claims-planted-{os.getuid()}"
    folder = home / f"{family}-{variant}-{shape.architecture}-{key}"
    if (folder / "truth.json").is_file():
        return folder
    home.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".building-", dir=home))
    try:
        _paint(family, variant, shape, seed, effective, place, draft, asked)
        draft.chmod(0o755)
        try:
            draft.rename(folder)
        except OSError:  # another process was first; its folder is the same
            if not (folder / "truth.json").is_file():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def shape_of(family: str, like: ModelSpec | None = None) -> "Shape":
    """The shape a family takes, with the counts of a real model where one is named."""
    from causal_claims.planted.shape import Shape

    architecture, layers, heads, kv_heads = _HOME[family]
    if like is not None:
        if like.family not in _TAKES[family]:
            raise ClaimsError(
                f"the planted family {family!r} has no {like.family} model (asked for {like.key}); it is planted in "
                f"{listing(_TAKES[family])}."
            )
        architecture = like.family
        layers, heads = like.layers or layers, like.heads or heads
        kv_heads = like.kv_heads or heads
    d_head, d_model = _widths(family, architecture, heads)
    theta = {"retrieval": 3e8}.get(family, 1e4 if architecture == "pythia" else 1e6)
    return Shape(
        architecture,
        layers,
        heads,
        kv_heads,
        d_head,
        d_model,
        context=2048 if family == "retrieval" else 512,
        theta=theta,
    )


def _widths(family: str, architecture: str, heads: int) -> tuple[int, int]:
    """Width of a head and of the residual stream."""
    if architecture in ("gpt2", "pythia"):  # heads side by side fill the residual stream
        d_head = 8 if family == "suppressor" else {12: 16, 16: 12, 20: 8}.get(heads, max(8, 192 // heads))
        return d_head, heads * d_head
    return (16, 160) if family == "retrieval" else (8, 128)


def _paint(
    family: str,
    variant: str,
    shape: "Shape",
    seed: int,
    strength: float,
    place: Place,
    folder: Path,
    asked: dict[str, Any],
) -> None:
    from causal_claims.planted import checkpoint

    paint: Callable[..., Any] = import_module(f"causal_claims.planted.{_MODULES[family]}").paint
    canvas, facts = paint(shape, variant, seed=seed, strength=strength, place=place)
    checkpoint.write(canvas, folder, {**asked, **facts})


def _place(family: str, shape: "Shape", heads: Sequence[Head]) -> Place:
    """Where the circuit is asked to be; the family says how many heads it takes and in which layers."""
    if not heads:
        return ()
    count, first, last = _ROOM[family]
    layers = range(first, (last if last >= 0 else shape.layers + last) + 1)
    wrong = [head for head in heads if head.layer not in layers or head.index >= shape.heads]
    if wrong or len(set(heads)) != count or len(heads) != count:
        raise ClaimsError(
            f"the planted family {family!r} takes {count} different heads of layers {layers[0]} to {layers[-1]} and 0 to "
            f"{shape.heads - 1} in each; asked for {listing(heads)}."
        )
    return tuple((head.layer, head.index) for head in heads)


def _check(family: str, variant: str, strength: float) -> None:
    if family not in _VARIANTS:
        raise ClaimsError(
            f"there is no planted family {family!r}{nearest(family, _VARIANTS)}; there are {listing(_VARIANTS)}."
        )
    if variant not in _VARIANTS[family]:
        raise ClaimsError(
            f"the planted family {family!r} has no variant {variant!r}{nearest(variant, _VARIANTS[family])}; "
            f"it has {listing(_VARIANTS[family])}."
        )
    if not 0 <= strength <= 2:
        raise ClaimsError(
            f"strength {strength} of a planted model must be between 0 (background only) and 2 (twice the claim)."
        )


@cache
def _code() -> str:
    """A hash of this folder's code: an edited construction is never mistaken for the old one."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _data() -> str:
    """A hash of the texts the vocabulary and the calibration rest on."""
    from causal_claims.planted.vocabulary import SETS, texts

    return hashlib.sha256(
        repr([(name, [(r.prompt, sorted(r.fields.items())) for r in texts(name)]) for name in SETS]).encode()
    ).hexdigest()
