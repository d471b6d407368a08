"""Claims over checkpoints as the status page shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from causal_claims.report.figures import Figure
from causal_claims.report.outcomes import LOOKS, ORDER, Look
from causal_claims.report.pictures.curves import trend
from causal_claims.report.pictures.strip import strip
from causal_claims.report.text import LINE, clean, figure, interval, isolated


@dataclass(frozen=True)
class TrendView:
    """One claim on one model at every checkpoint; a point is None where it was not judged."""

    body: Mapping[str, Any]
    names: Sequence[str]

    @property
    def points(self) -> list[Mapping[str, Any] | None]:
        return list(self.body["points"])

    @property
    def judged(self) -> list[Mapping[str, Any]]:
        return [one for one in self.points if one is not None]

    @property
    def last(self) -> Mapping[str, Any]:
        return self.judged[-1]

    @property
    def look(self) -> Look:
        return LOOKS[str(self.last["outcome"])]

    @property
    def flips(self) -> int:
        """How often its outcome changed on the way."""
        found = [one["outcome"] for one in self.judged]
        return sum(a != b for a, b in pairwise(found))

    @property
    def drifting(self) -> bool:
        return bool(self.body.get("drifting"))

    @property
    def urgency(self) -> tuple[bool, bool, int]:
        return (not self.drifting, not self.flips, ORDER.index(self.look.word))

    @property
    def anchor(self) -> str:
        return "".join(clean(f"{self.body['id']}@{self.body['model']}", 300).split())

    @property
    def subject(self) -> Markup:
        return isolated(self.body["subject"], LINE)

    @property
    def model(self) -> str:
        return clean(self.body["model"], 80)

    @property
    def study(self) -> str:
        """By the id, since a history holds no more: `S3` of `S3-2.facts`."""
        return clean(re.split(r"[-.]", str(self.body["id"]), maxsplit=1)[0], 60)

    @property
    def row(self) -> Markup:
        return strip([None if one is None else str(one["outcome"]) for one in self.points])

    @property
    def effect(self) -> str:
        return figure(self.last.get("effect"))

    @property
    def interval(self) -> str:
        return (
            interval(self.last.get("ci_low"), self.last.get("ci_high")) if self.last.get("effect") is not None else ""
        )

    @property
    def n(self) -> str:
        return f"{self.last['n']:,}" if self.last.get("n") else "–"

    @property
    def reason(self) -> Markup:
        return isolated(str(self.body.get("reason") or ""), 300)

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """Checkpoint, outcome, figures."""
        return [
            (clean(name, 80), "", "not judged") if one is None
            else (clean(name, 80), str(one["outcome"]), f"{figure(one.get('effect'))} {interval(one.get('ci_low'), one.get('ci_high'))}")
            for name, one in zip(self.names, self.points, strict=True)
        ]  # fmt: skip

    @property
    def picture(self) -> Figure | None:
        points = [
            None if one is None or one.get("effect") is None else (one["effect"], one.get("ci_low"), one.get("ci_high"))
            for one in self.points
        ]
        if sum(one is not None for one in points) < 2:
            return None
        name = f"trend of {self.anchor}"
        rows = [(run, *((one["outcome"], one.get("effect"), one.get("ci_low"), one.get("ci_high"), one.get("n")) if one else (None,) * 5))
                for run, one in zip(self.names, self.points, strict=True)]  # fmt: skip
        return Figure(name, "", trend(name, points, [clean(one, 40) for one in self.names]),
                      ("checkpoint", "outcome", "effect", "ci_low", "ci_high", "n"), rows)  # fmt: skip
