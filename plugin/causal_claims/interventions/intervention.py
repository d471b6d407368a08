"""An intervention: steps at sites, as a value whose spelling names a condition everywhere.

The spelling (`ablate(L27.H11, how=mean)`) is what claims print, what measurement tables hold in their `condition`
column and what the store hashes, so it is canonical: sites sorted, defaults left out, options by name.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from causal_claims.errors import ClaimsError, listing, nearest
from causal_claims.sites import (
    RESID_STAGES,
    Head,
    KVHead,
    Point,
    Resid,
    Site,
    Stage,
    VSlice,
    compact,
    distinct,
    parse_site,
)
from causal_claims.spelling import Value, literal, spellable


@dataclass(frozen=True)
class Step:
    """One operation at some sites."""

    operation: str
    sites: tuple[Site, ...]
    options: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        words = [*map(str, self.sites), *(f"{key}={value}" for key, value in self.options)]
        return f"{self.operation}({', '.join(words)})"

    def option(self, name: str) -> Value:
        """The option as given, else the operation's default."""
        return dict(self.options).get(name, OPERATIONS[self.operation].options[name])


@dataclass(frozen=True)
class Intervention:
    """Steps applied in one run, in order; no step at all is the baseline."""

    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return " + ".join(map(str, self.steps)) or "baseline"

    def __add__(self, other: "Intervention") -> "Intervention":
        return Intervention(self.steps + other.steps)

    @property
    def sites(self) -> tuple[Site, ...]:
        return tuple(site for step in self.steps for site in step.sites)

    @property
    def slug(self) -> str:
        """Short and readable, for a pytest id: a plain head ablation is its heads alone."""
        if not self.steps:
            return "baseline"
        return "+".join(
            compact(step.sites)
            if step.operation == "ablate" and not step.options
            else ".".join([step.operation, compact(step.sites), *(f"{k}={v}" for k, v in step.options)])
            for step in self.steps
        )

    def writes(self) -> tuple[Point, ...]:
        """Where it writes, one point per site."""
        return tuple(
            Point(site.layer, OPERATIONS[step.operation].stage(site)) for step in self.steps for site in step.sites
        )


BASELINE = Intervention()


@dataclass(frozen=True)
class Operation:
    """A kind of intervention: a small function that is given the tensor at a site and returns what replaces it.

    Calling it with sites makes the value: `ablate(Head(27, 11), how="mean")`.
    """

    name: str
    apply: Callable[..., Any]  # (value, run, **options) -> value
    writes: Mapping[type, Stage]  # by type of site
    options: Mapping[str, Value] = field(default_factory=dict)
    choices: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    legacy: bool = False  # reproduces a published procedure; never evidence for a cause

    def __call__(self, *sites: Site | Iterable[Site], **options: Value) -> Intervention:
        flat = [one for site in sites for one in self._spread(site)]
        for key, value in options.items():
            self._check_option(key, value)
        given = tuple(sorted((k, v) for k, v in options.items() if v != self.options[k]))
        return Intervention((Step(self.name, tuple(sorted(distinct(flat, f"{self.name}(...)"), key=_order)), given),))

    def stage(self, site: Site) -> Stage:
        if isinstance(site, Resid):
            return RESID_STAGES[site.at]
        return next(stage for kind, stage in self.writes.items() if isinstance(site, kind))

    def _spread(self, site: Any) -> list[Site]:
        if isinstance(site, Head | KVHead | VSlice | Resid) and isinstance(site, tuple(self.writes)):
            return [site]
        takes = " or ".join(kind.__name__ for kind in self.writes)
        if isinstance(site, list | tuple | set | frozenset) or hasattr(site, "__next__"):
            sites = list(site)
            if all(isinstance(s, tuple(self.writes)) for s in sites):
                return sites
        raise ClaimsError(
            f"{self.name}({site!r}): {self.name} works on {takes}; write {self.name}(Head(27, 11)) or the like."
        )

    def _check_option(self, key: str, value: Value) -> None:
        if key not in self.options:
            raise ClaimsError(
                f"{self.name}(..., {key}={value!r}): {self.name} has no option {key!r}{nearest(key, self.options)}; "
                f"it has {listing(self.options)}."
            )
        if key in self.choices and value not in self.choices[key]:
            raise ClaimsError(f"{self.name}(..., {key}={value!r}): {key} is one of {listing(self.choices[key])}.")
        kind = type(self.options[key])
        fits = isinstance(value, kind) or (kind is float and isinstance(value, int))
        if not fits or isinstance(value, bool) is not (kind is bool) or not spellable(value):
            what = "a word without brackets, commas or '='" if kind is str else f"of type {kind.__name__}"
            raise ClaimsError(f"{self.name}(..., {key}={value!r}): {key} is {what}, e.g. {self.options[key]!r}.")


OPERATIONS: dict[str, Operation] = {}
_STAGES: dict[type, tuple[Stage, ...]] = {  # the tensors that sites of each type are
    Head: (Stage.Z,), KVHead: (Stage.QKV,), VSlice: (Stage.QKV,), Resid: tuple(RESID_STAGES.values()),
}  # fmt: skip


def operation(
    *, writes: Mapping[type, Stage], choices: Mapping[str, tuple[Value, ...]] | None = None, legacy: bool = False
) -> Callable[[Callable[..., Any]], Operation]:
    """Declare an intervention: the function's keyword-only arguments are its options, with their defaults.

    >>> @operation(writes={Head: Stage.Z})
    ... def flip(z, run):  # (rows, positions, d_head)
    ...     return -z
    """

    def declare(function: Callable[..., Any]) -> Operation:
        name = function.__name__
        if name in OPERATIONS and OPERATIONS[name].apply.__module__ != function.__module__:
            raise ClaimsError(
                f"an intervention named {name!r} is declared already, in {OPERATIONS[name].apply.__module__}."
            )
        for kind, stage in writes.items():
            if stage not in _STAGES.get(kind, ()):
                raise ClaimsError(
                    f"intervention {name!r}: writes={{{getattr(kind, '__name__', kind)}: {getattr(stage, 'name', stage)}}} is no tensor; "
                    "there are Head: Z, KVHead: QKV, VSlice: QKV, and Resid at RESID_PRE, RESID_MID or RESID_POST."
                )
        made = Operation(name, function, dict(writes), dict(function.__kwdefaults__ or {}), dict(choices or {}), legacy)
        OPERATIONS[name] = made
        return made

    return declare


_STEP = re.compile(r"([a-z_][a-z_0-9]*)\(([^()]*)\)")


def parse_condition(text: str) -> Intervention:
    """The intervention that prints as `text`; `baseline` is the empty one."""
    if text == "baseline":
        return BASELINE
    steps: list[Step] = []
    for part in text.split(" + "):
        match = _STEP.fullmatch(part.strip())
        if match is None:
            raise ClaimsError(
                f"{text!r} is no condition; conditions are written as claims print them: "
                "baseline, ablate(L27.H11), ablate(L0.H2, L0.H4, how=mean)."
            )
        words = [word.strip() for word in match[2].split(",") if word.strip()]
        sites = distinct((parse_site(w) for w in words if "=" not in w), text)
        given = [(k.strip(), v.strip()) for k, v in (w.split("=", 1) for w in words if "=" in w)]
        if (known := OPERATIONS.get(match[1])) is not None:
            steps += known(*sites, **{k: literal(v, known.options.get(k)) for k, v in given}).steps
        else:  # recorded numbers may come from an intervention that nobody declared here
            options = tuple(sorted((k, literal(v)) for k, v in given))
            steps.append(Step(match[1], tuple(sorted(sites, key=_order)), options))
    return Intervention(tuple(steps))


def _order(site: Site) -> tuple[int, str, int, str]:
    return (site.layer, type(site).__name__, getattr(site, "index", 0), str(site))
