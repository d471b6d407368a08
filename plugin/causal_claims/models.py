"""The model registry: models.yaml, one entry a key, checked before anything is loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from keyword import iskeyword
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError, listing, nearest
from causal_claims.sites import Head, KVHead, Site


@dataclass(frozen=True)
class ModelSpec:
    """One entry: where the weights are, how they are loaded, and what the architecture counts."""

    key: str
    family: str
    id: str  # hub id, or a path once --claims-model names one
    revision: str | None = None  # full commit hash; the gate refuses less
    path: str | None = None  # local checkpoint, instead of the hub
    dtype: str = "float32"
    device_map: str | None = None  # lays the weights over several cards where one does not hold them
    tokenizer: str | None = None
    gated: bool = False
    trust_remote_code: bool = False
    quantisation: str | None = None
    layers: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    min_memory_gb: float | None = None
    stand_in: str | None = None  # the planted family that can take its place
    stand_in_layers: int | None = None  # of the stand-in, where fewer than the real model has will do
    markers: tuple[str, ...] = ()  # further names that select it
    standing_in: str | None = None  # "family/variant" while a stand-in takes its place; never read from models.yaml

    @property
    def where(self) -> str:
        return self.path or (f"{self.id}@{self.revision}" if self.revision else self.id)

    def has(self, site: Site) -> str | None:
        """What is wrong with this address on this model, or None."""
        if self.layers is not None and site.layer >= self.layers:
            return f"{site} is out of range: {self.key} has {self.layers} layers, 0 to {self.layers - 1}"
        limits = {Head: (self.heads, "query heads"), KVHead: (self.kv_heads, "key/value heads")}
        count, noun = limits.get(type(site), (None, ""))
        if count is not None and isinstance(site, Head | KVHead) and site.index >= count:
            return f"{site} is out of range: {self.key} has {count} {noun} a layer, 0 to {count - 1}"
        return None


@dataclass(frozen=True)
class Registry:
    """All models known in a run, by key."""

    models: Mapping[str, ModelSpec] = field(default_factory=dict)
    source: str = "no models.yaml"

    def __getitem__(self, key: str) -> ModelSpec:
        try:
            return self.models[key]
        except KeyError:
            raise ClaimsError(
                f"{self.source} has no model {key!r}{nearest(key, self.models)}; it has {listing(self.models)}. "
                f"Add it there, or name a checkpoint for a key it has: --claims-model KEY=PATH."
            ) from None

    @property
    def markers(self) -> dict[str, tuple[str, ...]]:
        """Every marker that selects models, with the keys it selects: keys, families, further markers."""
        found: dict[str, list[str]] = {}
        for key, spec in self.models.items():
            for name in dict.fromkeys((key, spec.family, *spec.markers)):
                found.setdefault(name, []).append(key)
        return {name: tuple(keys) for name, keys in found.items()}

    def override(self, text: str) -> "Registry":
        """The registry after `--claims-model KEY=PATH_OR_ID[@REV]`."""
        key, _, where = text.partition("=")
        if not where:
            raise ClaimsError(
                f"--claims-model {text!r}: write KEY=PATH_OR_ID[@REV], e.g. mistral_7b=/checkpoints/step-2000."
            )
        spec, (location, at, revision) = self[key], where.partition("@")
        if not location.strip() or (at and not revision.strip()):
            side = "after" if location.strip() else "before"
            raise ClaimsError(f"--claims-model {text!r}: write KEY=PATH_OR_ID[@REV]; {side} the '@' there is nothing.")
        if (folder := Path(location).expanduser()).is_dir():
            new = replace(spec, path=str(folder), revision=revision or None, gated=False)
            size = gigabytes_of(folder)
            if spec.min_memory_gb is not None and size > 0:  # a small one needs no room for the large
                new = replace(new, min_memory_gb=min(spec.min_memory_gb, size))
        elif location.startswith((".", "/", "~")):
            raise ClaimsError(
                f"--claims-model {text!r}: there is no folder {location}; give a checkpoint folder or a hub id."
            )
        else:
            new = replace(spec, id=location, path=None, revision=revision or None)
        return replace(self, models={**self.models, key: new})


def gigabytes_of(folder: Path) -> float:
    """What a folder's weights take in memory, by the size of its files."""
    return 1.2 * sum(path.stat().st_size for path in folder.glob("*.safetensors")) / 2**30


_FIELDS: dict[str, tuple[type, ...]] = {
    "family": (str,), "id": (str,), "revision": (str,), "path": (str,), "dtype": (str,), "device_map": (str,),
    "tokenizer": (str,), "gated": (bool,), "trust_remote_code": (bool,), "quantisation": (str,), "layers": (int,),
    "heads": (int,), "kv_heads": (int,), "min_memory_gb": (int, float), "stand_in": (str,), "stand_in_layers": (int,),
    "markers": (list,),
}  # fmt: skip
_TAKEN = ("parametrize", "skip", "skipif", "xfail", "usefixtures", "filterwarnings", "tryfirst", "trylast", "finding",
          "xdist_group")  # fmt: skip
_MAPS = ("auto", "balanced", "balanced_low_0", "sequential")  # transformers' own
DTYPES = ("float32", "float16", "bfloat16", "auto")


def load_registry(path: Path) -> Registry:
    """models.yaml as a registry; every fault is a sentence that names the entry."""
    import yaml

    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_loader(path))
    except RecursionError:
        raise ClaimsError(f"{path} cannot be read: its lists or mappings are nested too deeply.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ClaimsError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
    except OSError as error:
        raise ClaimsError(f"{path} cannot be read: {error.strerror}.") from None
    if not isinstance(content, dict) or not content:
        raise ClaimsError(
            f"{path} must be a mapping of model keys to entries, e.g. `gpt2: {{family: gpt2, id: openai-community/gpt2}}`."
        )
    models = {str(key): _entry(path, key, entry) for key, entry in content.items()}
    families = {spec.family for spec in models.values()}
    for key, spec in models.items():
        if key in families and spec.family != key:
            raise ClaimsError(f"{path}: {key!r} is both a model key and the family of another model; rename one.")
    return Registry(models, str(path))


def _loader(path: Path) -> Any:
    """PyYAML's safe loader, which silently keeps the last of two equal keys and chokes on a number or date that is none."""
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_object(self, node: Any, deep: bool = False) -> Any:
            try:
                return super().construct_object(node, deep)
            except (ValueError, KeyError, AttributeError):  # what int(), date() and a look-up of a word raise
                kind, line = node.tag.rpartition(":")[2], node.start_mark.line + 1
                raise ClaimsError(
                    f"{path}, line {line}: {str(node.value)[:60]!r} is no {kind}; a word that looks like one stands in quotes."
                ) from None

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[str] = set()
            for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
                line = key.start_mark.line + 1
                if not isinstance(key, yaml.ScalarNode):
                    raise ClaimsError(f"{path}, line {line}: a key is a word, not a list or a mapping.")
                if key.value in seen:
                    raise ClaimsError(f"{path}, line {line}: the key {key.value!r} is given twice; keep one.")
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    return Loader


def _entry(path: Path, key: Any, entry: Any) -> ModelSpec:
    where = f"{path}, entry {key!r}"
    if not isinstance(key, str) or not key.isidentifier() or not key.isascii():
        raise ClaimsError(
            f"{where}: a model key is letters, digits and '_' (it becomes a pytest marker and part of test ids)."
        )
    if not isinstance(entry, dict):
        raise ClaimsError(f"{where}: must be a mapping with at least family and id, not {type(entry).__name__}.")
    for name, value in entry.items():
        if name not in _FIELDS:
            raise ClaimsError(
                f"{where}: unknown key {name!r}{nearest(str(name), _FIELDS)}; there are {listing(_FIELDS, 20)}."
            )
        if value is None:
            continue
        kinds = _FIELDS[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ClaimsError(f"{where}: {name} must be {' or '.join(kind.__name__ for kind in kinds)}, not {value!r}.")
        if name in ("layers", "heads", "kv_heads", "stand_in_layers") and isinstance(value, int) and value < 1:
            raise ClaimsError(f"{where}: {name} must be at least 1, not {value}.")
        if isinstance(value, str) and not (value.strip() and value.isprintable()):
            raise ClaimsError(f"{where}: {name} {value!r} is blank or cannot be printed.")
        if name == "min_memory_gb" and isinstance(value, int | float) and not 0 <= value < float("inf"):
            raise ClaimsError(f"{where}: min_memory_gb must be a size in gigabytes, not {value}.")
    entry = {"id": entry.get("path"), **entry}  # a folder is name enough
    for name in ("family", "id"):
        if not entry.get(name):
            raise ClaimsError(f"{where}: {name} is missing{'; or give a folder, path: ...' * (name == 'id')}.")
    if entry["id"].startswith((".", "/", "~")) and not entry.get("path"):
        raise ClaimsError(f"{where}: id is a name on the hub; for a folder write path: {entry['id']}.")
    for what, name in (("key", key), ("family", entry["family"]), *(("marker", m) for m in entry.get("markers") or ())):
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or iskeyword(name):
            raise ClaimsError(f"{where}: {what} {name!r} becomes a pytest marker: letters, digits and '_' only.")
        if name.startswith("_"):
            raise ClaimsError(f"{where}: {what} {name!r} becomes a pytest marker, and those begin with a letter.")
        if name in _TAKEN:
            raise ClaimsError(f"{where}: {what} {name!r} becomes a pytest marker, and pytest has one of that name.")
    if entry.get("dtype", "float32") not in DTYPES:
        raise ClaimsError(f"{where}: dtype {entry['dtype']!r} is not one of {listing(DTYPES)}.")
    if entry.get("device_map") not in (None, *_MAPS):
        raise ClaimsError(
            f"{where}: device_map {entry['device_map']!r} is not one of {listing(_MAPS)}: how weights are laid over cards."
        )
    heads, shared = entry.get("heads"), entry.get("kv_heads")
    if heads and shared and heads % shared:
        raise ClaimsError(f"{where}: {heads} heads cannot share {shared} key/value heads evenly.")
    values = {name: value for name, value in entry.items() if value is not None}
    return ModelSpec(key=key, **{**values, "markers": tuple(map(str, values.get("markers", ())))})


@cache
def model_counts(key: str, start: str | None = None) -> ModelSpec:
    """A model's entry in the nearest models.yaml above `start` (the working folder), for claims that need its counts."""
    folder = Path(start) if start else Path.cwd()
    for place in (folder, *folder.parents):
        if (place / "models.yaml").is_file():
            return load_registry(place / "models.yaml")[key]
    raise ClaimsError(f"model_counts({key!r}): there is no models.yaml in {folder} or above it.")


def trusting(registry: Registry) -> list[str]:
    """The models whose entry lets their checkpoint run code of its own."""
    return [key for key, spec in registry.models.items() if spec.trust_remote_code]
