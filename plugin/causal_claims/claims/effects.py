"""The algebra of effects: what a claim compares, as a sum of cells with signs.

`effect(M, by=ablate(h))` is condition minus baseline, paired by example.  Effects add and subtract; they do not
compare, because a comparison without a margin and an interval is what this package exists to prevent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from causal_claims.errors import ClaimsError, MisuseError
from causal_claims.interventions.controls import same_norm
from causal_claims.interventions.intervention import BASELINE, Intervention
from causal_claims.metrics.metric import Metric

_NO_ORDER = (
    "effects cannot be compared with {sign}; a claim names a kind and a margin: "
    "raises(M, by=...), lowers(M, by=...), strongest(M, by=..., among=...), specific(here, there), agrees(a, b, within=...)."
)


@dataclass(frozen=True)
class Cell:
    """What is measured at once: a metric under a condition, on the metric's examples, in a model.

    `model` is None for the model that the test runs on.
    """

    metric: Metric
    condition: Intervention = BASELINE
    model: str | None = None

    @property
    def condition_spelling(self) -> str:
        """As measurement tables hold it: `ablate(L27.H11)`, or `ablate(L27.H11) on recursive` for named examples."""
        return f"{self.condition} on {self.metric.over}" if self.metric.over else str(self.condition)

    def __str__(self) -> str:
        return f"{self.metric} under {self.condition_spelling}" + (f" in {self.model}" if self.model else "")


@dataclass(frozen=True)
class Effect:
    """A sum of cells with signs; what it amounts to on one example is one number."""

    terms: tuple[tuple[float, Cell], ...]
    label: str
    spelled: str = ""  # the label with every option of the metrics, for where two effects would read alike
    pools: bool = False  # its sets of examples are one sample, an example of any set counting alike

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(cell for _, cell in self.terms)

    def __repr__(self) -> str:
        return f"<effect {self.label}>"

    def __add__(self, other: "Effect") -> "Effect":
        return _combine(self, other, +1, "+")

    def __sub__(self, other: "Effect") -> "Effect":
        return _combine(self, other, -1, "-")

    def __neg__(self) -> "Effect":
        return Effect(
            tuple((-weight, cell) for weight, cell in self.terms),
            f"-({self.label})",
            f"-({self.spelled or self.label})",
            self.pools,
        )

    def __rmul__(self, factor: float) -> "Effect":
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 < abs(factor) < float("inf"):
            raise MisuseError(f"an effect can be multiplied by a number other than 0, not by {factor!r}.")
        terms = tuple((factor * weight, cell) for weight, cell in self.terms)
        return Effect(terms, f"{factor:g} * ({self.label})", f"{factor:g} * ({self.spelled or self.label})", self.pools)

    def _refuse(self, sign: str) -> NoReturn:
        raise MisuseError(_NO_ORDER.format(sign=sign))

    def __lt__(self, other: object) -> NoReturn:
        self._refuse("<")

    def __le__(self, other: object) -> NoReturn:
        self._refuse("<=")

    def __gt__(self, other: object) -> NoReturn:
        self._refuse(">")

    def __ge__(self, other: object) -> NoReturn:
        self._refuse(">=")

    def __bool__(self) -> NoReturn:
        raise MisuseError(
            "an effect is neither true nor false; hold the model to a claim: assert holds(raises(M, by=...))."
        )


def effect(metric: Metric, *, by: Intervention, model: str | None = None) -> Effect:
    """What an intervention does to a metric: condition minus baseline, paired by example."""
    _metric(metric, "effect")
    _intervention(by, "effect")
    rest = f" by {by}" + _where(metric, model)
    terms = ((1.0, Cell(metric, by, model)), (-1.0, Cell(metric, BASELINE, model)))
    return Effect(terms, metric.label + rest, f"{metric}{rest}")


def norm_kept(metric: Metric, *, by: Intervention, model: str | None = None) -> Effect:
    """What an ablation of heads does beyond the norm of what they write: random writes of the same norm take its place."""
    there, back = (effect(metric, by=one, model=model) for one in same_norm(_intervention(by, "norm_kept")))
    rest = f" by {by} with the norm kept" + _where(metric, model)
    return replace(0.5 * there + 0.5 * back, label=metric.label + rest, spelled=f"{metric}{rest}")


def level(metric: Metric, *, under: Intervention = BASELINE, model: str | None = None) -> Effect:
    """A metric's own value in one condition; the baseline unless named."""
    _metric(metric, "level")
    rest = (f" under {under}" if under.steps else "") + _where(metric, model)
    return Effect(((1.0, Cell(metric, under, model)),), metric.label + rest, f"{metric}{rest}")


def pooled(effects: Iterable[Effect], *, label: str) -> Effect:
    """Effects on disjoint sets of examples as one: the mean over all examples, each under its own set's intervention.

    What every task's own heads do: `pooled([effect(M.on(task), by=ablate(*own[task])) for task in tasks], label="own heads")`.
    """
    parts = tuple(effects)
    for one in parts:
        if not isinstance(one, Effect):
            raise ClaimsError(f"pooled(...): {one!r} is no effect; give one effect for each set of examples.")
    sets = [{cell.metric.over for cell in one.cells} for one in parts]
    if not parts or any(a & b for i, a in enumerate(sets) for b in sets[:i]):
        raise ClaimsError("pooled(...): give one effect for each set of examples, and each set once.")
    return Effect(tuple(term for one in parts for term in one.terms), label, pools=True)


def joint(*interventions: Intervention) -> Intervention:
    """Several interventions in one run, in the order given."""
    if not interventions:
        raise ClaimsError("joint() names no intervention; write joint(ablate(a), patch(b)).")
    total = Intervention()
    for one in interventions:
        total = total + _intervention(one, "joint")
    return total


def effect_of(metric: Metric | None, by: "Intervention | Effect", kind: str) -> Effect:
    """One of several that a kind compares: an effect as it is, or a metric's by an intervention."""
    if isinstance(by, Effect):
        return by
    return effect(_metric(metric, kind), by=by)


def as_effect(what: Metric | Effect, by: Intervention | None, kind: str) -> Effect:
    """What a kind was given first, as an effect: a metric with `by=`, or an effect as it is."""
    if isinstance(what, Effect):
        if by is not None:
            raise ClaimsError(f"{kind}: an effect already says by what; leave out by=, or give the metric instead.")
        return what
    if by is None:
        raise ClaimsError(f"{kind}({what!r}): by what?  Write {kind}(M, by=ablate(Head(27, 11))), or give an effect.")
    return effect(_metric(what, kind), by=by)


def told_apart(*effects: Effect) -> list[str]:
    """Their labels; with every option where two metrics of one label differ."""
    metrics = {cell.metric for one in effects for cell in one.cells}
    alike = len({(m.label, m.options) for m in metrics}) > len({m.label for m in metrics})
    return [one.spelled if alike and one.spelled else one.label for one in effects]


def distinct_cells(effects: Iterable[Effect]) -> tuple[Cell, ...]:
    return tuple(dict.fromkeys(cell for one in effects for cell in one.cells))


def _combine(a: Effect, b: Effect, sign: int, mark: str) -> Effect:
    if not isinstance(b, Effect):
        raise MisuseError(
            f"effects are added to effects, not to {type(b).__name__}; write effect(M, by=...) {mark} effect(M, by=...)."
        )
    weights: dict[Cell, float] = {}
    for weight, cell in (*a.terms, *((sign * weight, cell) for weight, cell in b.terms)):
        weights[cell] = weights.get(cell, 0.0) + weight
    pools = a.pools or b.pools  # a set on which all cancels still counts, as so many zeros
    terms = tuple((weight, cell) for cell, weight in weights.items() if weight != 0 or pools)
    if not terms:
        raise ClaimsError(
            f"({a.label}) {mark} ({b.label}) is nothing: every cell cancels, so there is nothing to measure."
        )
    first, second = told_apart(a, b)
    spelled = f"({a.spelled or a.label}) {mark} ({b.spelled or b.label})"
    return Effect(terms, f"({first}) {mark} ({second})", spelled, pools)


def _where(metric: Metric, model: str | None) -> str:
    return (f" on {metric.over}" if metric.over else "") + (f" in {model}" if model else "")


def _metric(what: Any, asked: str) -> Metric:
    if not isinstance(what, Metric):
        raise ClaimsError(f"{asked}({what!r}, ...): a metric comes first, e.g. Metric('logit_diff').")
    return what


def _intervention(what: Any, asked: str) -> Intervention:
    if not isinstance(what, Intervention):
        raise ClaimsError(f"{asked}: {what!r} is no intervention; write ablate(Head(27, 11)) or the like.")
    return what
