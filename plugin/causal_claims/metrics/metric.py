"""A metric: from one example's run to one number, with a declared range and declared read sites."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from causal_claims.errors import ClaimsError, listing, nearest
from causal_claims.sites import LOGITS, Point
from causal_claims.spelling import Value, literal, spellable


@dataclass(frozen=True)
class MetricSpec:
    """What is declared of a metric, once: its function, where it reads, the range it must stay in."""

    name: str
    compute: Callable[..., Any] | None
    reads: Callable[[Mapping[str, Any]], tuple[Point, ...]]
    low: float = -math.inf
    high: float = math.inf
    options: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()  # fields every example must have
    gauge_free: bool = True  # unchanged by V -> M V with O -> O M^-1; otherwise only descriptive
    positions: str = "last"  # where it reads the logits: at the prompt's last token, or at "all"
    version: int = 1
    scale: float = 1.0  # the size of the numbers that it is a difference of, where those are large and it is small
    tokens: tuple[str, ...] = ()  # fields that are one token each; `prompt` is the prompt itself

    @property
    def bounded(self) -> bool:
        """Whether its range has two ends."""
        return math.isfinite(self.high - self.low)


METRICS: dict[str, MetricSpec] = {}


class Metric:
    """A metric as claims name it: `Metric("r_v", late=30, early=5, window=16, over="recursive")`.

    `over` names the examples it is measured on.  A metric that nobody declared can still be judged from recorded
    numbers: `Metric("x")`.
    """

    __slots__ = ("_key", "name", "options", "over")
    name: str
    options: tuple[tuple[str, Value], ...]
    over: str | None
    _key: tuple[Any, ...]  # what makes two of them the same; asked for millions of times

    def __init__(self, name: str, *, over: str | None = None, **options: Value) -> None:
        if not isinstance(name, str) or not name.replace("_", "a").isalnum() or not name.isascii():
            raise ClaimsError(
                f"Metric({name!r}): a metric's name is letters, digits and '_', e.g. Metric('logit_diff')."
            )
        if over is not None and (
            not isinstance(over, str) or not over.isprintable() or over != over.strip() or not over
        ):
            raise ClaimsError(f"Metric({name!r}, over={over!r}): over names a set of examples, e.g. over='recursive'.")
        for key, value in options.items():
            if not spellable(value):
                raise ClaimsError(f"Metric({name!r}, {key}={value!r}): {key}= takes a number, a truth value or a word.")
        spec = METRICS.get(name)
        if spec is not None and (unknown := [key for key in options if key not in spec.options]):
            raise ClaimsError(
                f"Metric({name!r}, {unknown[0]}=...): {name} has no option {unknown[0]!r}{nearest(unknown[0], spec.options)}; "
                f"it has {listing(spec.options)}."
            )
        given = {k: v for k, v in options.items() if spec is None or v != spec.options[k]}
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "options", tuple(sorted(given.items())))
        object.__setattr__(self, "over", over)
        object.__setattr__(self, "_key", (self.name, self.options, over))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a metric is a value; write Metric({self.name!r}, ...) anew instead of setting {name}.")

    def __reduce__(self) -> Any:
        return (_metric, (self.name, self.over, self.options))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Metric) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __str__(self) -> str:
        """The spelling in tables and the store: the name, and the options that are not the defaults."""
        return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.options)})" if self.options else self.name

    @property
    def label(self) -> str:
        """What a sentence calls it: the name, and the place where its options name one: `summed_attention(L27.H11)`."""
        layer, head = self.option("layer"), self.option("head")
        place = ".".join([f"L{layer}"] * (layer is not None) + [f"H{head}"] * (head is not None))
        return f"{self.name}({place})" if place else self.name

    def __repr__(self) -> str:
        words = [repr(self.name), *(f"{k}={v!r}" for k, v in self.options)]
        return f"Metric({', '.join(words + ([f'over={self.over!r}'] if self.over else []))})"

    def on(self, over: str) -> "Metric":
        """The same metric on other examples."""
        if over is None:
            raise ClaimsError(f"{self!r}.on(None): over which examples?  Write {self.name}.on('recursive').")
        return Metric(self.name, over=over, **dict(self.options))

    @property
    def spec(self) -> MetricSpec | None:
        return METRICS.get(self.name)

    def option(self, name: str) -> Any:
        return dict(self.options).get(name, self.spec.options.get(name) if self.spec else None)

    def reads(self) -> tuple[Point, ...]:
        """Where it reads; the logits unless declared otherwise."""
        spec = self.spec
        return spec.reads({**spec.options, **dict(self.options)}) if spec else (LOGITS,)


def parse_metric(text: str, over: str | None = None) -> Metric:
    """The metric that prints as `text`, on these examples."""
    name, _, rest = text.partition("(")
    spec = METRICS.get(name)
    pairs = (word.split("=", 1) for word in rest.rstrip(")").split(", ") if word)
    return Metric(name, over=over, **{k: literal(v, spec.options.get(k) if spec else None) for k, v in pairs})


def metric(
    *,
    reads: Point | Callable[[Mapping[str, Any]], tuple[Point, ...]] = LOGITS,
    low: float = -math.inf,
    high: float = math.inf,
    needs: tuple[str, ...] = (),
    gauge_free: bool = True,
    positions: str = "last",
    version: int = 1,
    tokens: tuple[str, ...] | None = None,
    scale: float = 1.0,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a metric: the function's keyword-only arguments are its options, with their defaults.

    Of the fields it needs, `target` and `foil` are one token each, unless `tokens` names others: rows where they are
    several for a model's tokenizer are left out.

    >>> @metric(low=0, high=1, needs=("target",))
    ... def p_target(run):
    ...     return run.probability("target")  # (rows,)
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__
        if name in METRICS and getattr(METRICS[name].compute, "__module__", None) != function.__module__:
            raise ClaimsError(f"a metric named {name!r} is declared already, in {METRICS[name].compute.__module__}.")
        where = reads if callable(reads) else (lambda _, point=reads: (point,))
        METRICS[name] = MetricSpec(
            name, function, where, low, high, options=dict(function.__kwdefaults__ or {}), needs=needs, gauge_free=gauge_free,
            positions=positions, version=version, scale=scale,
            tokens=tuple(field for field in needs if field in ("target", "foil")) if tokens is None else tokens,
        )  # fmt: skip
        return function

    return declare


def _metric(name: str, over: str | None, options: tuple[tuple[str, Value], ...]) -> Metric:
    return Metric(name, over=over, **dict(options))
