"""What a claim's verdict rests on, as short sentences and pairs of a name and a figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from causal_claims.ledger import Record
from causal_claims.report.text import clean, count, figure, interval, plain_figure, probability


@dataclass(frozen=True)
class GuardNotes:
    """The guards of one claim: what fired, what was checked with something of its own to say, and what merely passed."""

    fired: list[tuple[str, str]] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)


class GuardBook:
    """The sentences that guards say of most claims, told once per page instead of once per claim."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.said: Counter[tuple[str, str]] = Counter()
        self.fired: Counter[str] = Counter()
        for one in records:
            for guard in one.guards:
                if guard.get("fired"):
                    self.fired[str(guard.get("name"))] += 1
                else:
                    self.said[str(guard.get("name")), str(guard.get("sentence"))] += 1

    @property
    def common(self) -> dict[tuple[str, str], int]:
        """Sentences said of at least three claims, with how often."""
        return {pair: n for pair, n in self.said.most_common(40) if n >= 3}

    def notes(self, record: Record) -> GuardNotes:
        found, common = GuardNotes(), self.common
        for guard in record.guards:
            name, sentence = str(guard.get("name")), str(guard.get("sentence"))
            if guard.get("fired"):
                found.fired.append((clean(name, 60), clean(sentence)))
            elif (name, sentence) in common:
                found.passed.append(clean(name, 60))
            else:
                found.noted.append((clean(name, 60), clean(sentence)))
        found.passed[:] = dict.fromkeys(found.passed)
        return found


def figures(record: Record) -> list[tuple[str, str]]:
    """Every number of the record that a reader may want, named; what is absent is left out."""
    found: list[tuple[str, str]] = []
    if record.effect is not None:
        size = f"{figure(record.effect)} {interval(record.ci_low, record.ci_high)}"
        found.append(("effect", f"{size} at {record.confidence:.4g}"))
    if record.needs:
        found.append(("needed", clean(record.needs, 200)))
    if record.reported is not None:
        found.append(("reported", figure(record.reported) + _ratio(record.replication)))
    if record.n:
        found.append(("n", count(record.n, record.n_unit)))
    if record.p_value is not None:
        floor = f" (floor {probability(record.p_floor)})" if record.p_floor is not None else ""
        found.append(("p", probability(record.p_value) + floor))
    if record.p_holm is not None:
        found.append(("p, Holm over headlines", probability(record.p_holm)))
    if record.q_bh is not None:
        found.append(("q, Benjamini–Hochberg", probability(record.q_bh)))
    if record.effect_size is not None:
        found.append((clean(record.effect_size_name or "effect size", 60), figure(record.effect_size)))
    if record.smallest_detectable is not None:
        found.append(("could have shown", plain_figure(record.smallest_detectable)))
    if record.n_needed is not None:
        found.append(("n needed", f"about {record.n_needed:,}"))
    if record.noise_floor is not None:
        found.append(("noise floor", plain_figure(record.noise_floor)))
    if record.method:
        found.append(("method", clean(record.method, 160)))
    if record.companions:
        named = "; ".join(f"{clean(k, 40).replace('_', ' ')} {plain_figure(v)}" for k, v in record.companions.items())
        found.append(("beside it", named))
    return found


def receipts(record: Record, shown: int = 6) -> list[str]:
    """Whether the intervention was delivered, condition by condition."""
    sentences = []
    for condition, one in list((record.receipt or {}).items())[:shown]:
        if not isinstance(one, Mapping):
            sentences.append(f"{clean(condition, 120)}: {clean(one, 200)}")
            continue
        sites = ", ".join(clean(site, 120) for site in _listed(one.get("sites"))[:4])
        gone = "removed afterwards" if one.get("removed") else "NOT removed afterwards"
        sentences.append(
            f"{clean(condition, 120)}: fired {plain_figure(one.get('fired'))} of {plain_figure(one.get('expected'))}, "
            f"changed its site by up to {plain_figure(one.get('changed'))}, {gone}; {sites}"
        )
    if (more := len(record.receipt or {}) - shown) > 0:
        sentences.append(f"and {count(more, 'more condition')}")
    return sentences


def controls(record: Record) -> list[str]:
    """The control sets and how well they match, as the ledger has them."""
    return [f"{clean(key, 60).replace('_', ' ')}: {_short(value)}" for key, value in (record.controls or {}).items()]


def companions_of(records: Sequence[Record]) -> set[str]:
    return {name for one in records for name in one.companions}


def _ratio(replication: Mapping[str, Any] | None) -> str:
    if not replication or replication.get("ratio") is None:
        return ""
    low, high = replication.get("ratio_low"), replication.get("ratio_high")
    ends = f" [{plain_figure(low)}, {plain_figure(high)}]" if low is not None and high is not None else ""
    return f"; measured is {plain_figure(replication['ratio'])}{ends} of it"


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] if value is not None else []


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(k, 40)} {_short(v)}" for k, v in list(value.items())[:6])
    if isinstance(value, list | tuple):
        more = f" and {len(value) - 8} more" if len(value) > 8 else ""
        return ", ".join(_short(one) for one in value[:8]) + more
    return plain_figure(value)
