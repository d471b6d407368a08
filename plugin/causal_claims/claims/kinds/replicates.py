"""`replicates`: a reported figure lies where a new sample of the same size would be expected."""

from dataclasses import dataclass, replace
from typing import Unpack

from causal_claims.claims.claim import About, Claim
from causal_claims.claims.data import Data
from causal_claims.claims.effects import Effect, as_effect
from causal_claims.claims.estimate import estimate
from causal_claims.claims.kinds.deciding import decision, undecided
from causal_claims.claims.kinds.settings import figure as number_of
from causal_claims.claims.kinds.settings import margin, pair, whole
from causal_claims.claims.rule import Rule
from causal_claims.errors import ClaimsError
from causal_claims.interventions.intervention import Intervention
from causal_claims.metrics.metric import Metric
from causal_claims.statistics import replication
from causal_claims.verdicts import Decision, Outcome, number


@dataclass(frozen=True)
class Replicates(Rule):
    what: Effect
    figure: float
    reported_n: int | None
    rounding: float
    same_size: tuple[float, float] | None
    kind = "replicates"
    ceiling = "descriptive"

    def effects(self) -> tuple[Effect, ...]:
        return (self.what,)

    def subject(self) -> str:
        return f"replicates {self.what.label}"

    def needs(self) -> str:
        size = f" and a ratio within {self.same_size[0]:g} to {self.same_size[1]:g}" if self.same_size else ""
        return f"{number(self.figure)} within the prediction interval, same sign{size}"

    def margin(self) -> float:
        return self.figure

    def distance(self, effect: float) -> None:
        return None

    def decide(self, data: Data) -> Decision:
        """Same sign first, then the prediction interval; the ratio is information unless the claim gives a tolerance.

        The interval is of the same prompts drawn again: theirs were others.  What is outside and of the same size is open.
        """
        found = estimate(data, self.what)
        sign = 1 if self.figure > 0 else -1
        if found.thin:
            return undecided(found, f"too thin: {found.thin}", found.effect)
        sample = data.sample(self.what)
        n0 = self.reported_n or sample.n
        band = replication.prediction_interval(sample.values, n0, data.confidence, self.rounding)
        ratio = sorted((found.interval.low / self.figure, found.interval.high / self.figure))
        found = replace(
            found, method=f"prediction interval for n0={n0}; " + found.method,
            companions={**found.companions, "prediction_low": band.low, "prediction_high": band.high,
                        "ratio": found.effect / self.figure, "ratio_low": ratio[0], "ratio_high": ratio[1]},
        )  # fmt: skip
        where = f"[{number(band.low)}, {number(band.high)}], where n0={n0} examples would put it"
        toward = found.interval.scaled(sign)
        if toward.high < 0:
            return decision(found, Outcome.REFUTED, "the effect has the opposite sign")
        alike = self.same_size is not None and self.same_size[0] <= ratio[0] and ratio[1] <= self.same_size[1]
        if not band.low <= self.figure <= band.high and alike:
            return undecided(found, f"{number(self.figure)} lies outside {where}, and is of the same size", None)
        if not band.low <= self.figure <= band.high:
            return decision(found, Outcome.REFUTED, f"{number(self.figure)} lies outside {where}")
        if toward.low <= 0:
            return undecided(found, "the effect's sign is not shown", found.effect)
        if self.same_size and not alike:
            return undecided(
                found, f"the ratio to the reported figure, [{ratio[0]:.3g}, {ratio[1]:.3g}], leaves its tolerance", None
            )
        return decision(found, Outcome.SUPPORTED, f"{number(self.figure)} lies inside {where}")


def replicates(
    what: Metric | Effect,
    *,
    by: Intervention | None = None,
    reported_n: int | None = None,
    rounding: float | None = None,
    same_size: tuple[float, float] | None = None,
    **about: Unpack[About],
) -> Claim:
    """The reported figure (`reported=`) lies inside the prediction interval of our own data, with the same sign.

    `reported_n` is their number of examples (ours, when unknown); `rounding` half a unit of their last digit.
    """
    figure = about.get("reported")
    if figure is None or isinstance(figure, bool) or not 0 < abs(figure) < float("inf"):
        raise ClaimsError(f"replicates(..., reported={figure!r}): give the reported figure, a number other than 0.")
    if reported_n is not None:
        whole(reported_n, "replicates", "reported_n", 1)
    if same_size is not None:
        ends = [
            number_of(end, "replicates", "same_size", 0)
            for end in pair(same_size, "replicates", "same_size", "(0.67, 1.5)")
        ]
        if not ends[0] < ends[1]:
            raise ClaimsError(f"replicates(..., same_size={same_size!r}): the lower bound comes first.")
    digits = len(repr(float(figure)).partition(".")[2].partition("e")[0])
    given = rounding if rounding is not None else 0.5 * 10.0**-digits
    half_unit = margin(given, "replicates", "rounding", "give half a unit of their last digit.")
    return Claim(Replicates(as_effect(what, by, "replicates"), float(figure), reported_n, half_unit, same_size), about)
