"""What a claim's verdict rests on, as short sentences and pairs of a name and a figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from causal_claims.ledger import Record
from causal_claims.report.text import clean, figure, interval, plain_figure, probability
from causal_claims.verdicts import count


@dataclass(frozen=True)
class GuardNotes:
    """The guards of one claim: what fired, what was checked with something of its own to say, and what merely passed."""

    fired: list[tuple[str, str]] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)
    passed: str = ""


class GuardBook:
    """The sentences that guards say of most claims, told once per page instead of once per claim."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.said: Counter[tuple[str, str]] = Counter()
        for one in records:
            for guard in one.guards:
                if not guard.get("fired"):
                    self.said[str(guard.get("name")), str(guard.get("sentence"))] += 1
        # sentences said of three claims or more
        self.common = {pair: n for pair, n in self.said.most_common(40) if n >= 3}
        self.usual = frozenset(name for name, _ in self.common)

    def notes(self, record: Record) -> GuardNotes:
        fired, noted, passed = [], [], dict[str, None]()
        for guard in record.guards:
            name, sentence = str(guard.get("name")), str(guard.get("sentence"))
            if guard.get("fired"):
                fired.append((clean(name, 60), clean(sentence)))
            elif (name, sentence) in self.common:
                passed[name] = None
            else:
                noted.append((clean(name, 60), clean(sentence)))
        whole = passed and frozenset(passed) == self.usual
        words = f"all {len(passed)} guards" if whole else ", ".join(clean(name, 60) for name in passed)
        return GuardNotes(fired, noted, words)


def figures(record: Record, usual: tuple[str, str | None] = ("", None)) -> list[tuple[str, str]]:
    """What the record knows beside its line in the table, named; what is absent, or usual on this page, is left out."""
    found: list[tuple[str, str]] = []
    if record.confidence not in (0.95, 1.0) and record.effect is not None:
        found.append(("interval at", f"{record.confidence:.4g}"))
    if record.needs and record.needs not in record.statement:
        found.append(("needed", clean(record.needs, 200)))
    if record.reported is not None:
        found.append(("reported", figure(record.reported) + _ratio(record.replication)))
    if record.n and record.n_unit != "example":
        found.append(("n", count(record.n, clean(record.n_unit, 30))))
    if record.p_holm is not None:
        found.append(("p, Holm over headlines", probability(record.p_holm)))
    if record.q_bh is not None:
        found.append(("q (BH)", probability(record.q_bh)))
    if record.effect_size is not None and record.effect_size_name not in (None, usual[1]):
        found.append(("size is", clean(record.effect_size_name, 60)))
    if record.smallest_detectable is not None and "could have been shown" not in record.reason:
        found.append(("could have shown", plain_figure(record.smallest_detectable)))
    if record.n_needed is not None and "would settle it" not in record.reason:
        found.append(("n needed", f"about {record.n_needed:,}"))
    if record.noise_floor is not None:
        found.append(("noise floor", plain_figure(record.noise_floor)))
    if record.method and record.method != usual[0]:
        found.append(("method", clean(record.method, 160)))
    if record.companions:
        found.append(("also", _companions(record.companions)))
    return found


def usual(records: Sequence[Record]) -> tuple[str, str | None]:
    """The method and the effect size that most claims of a page have."""
    methods = Counter(one.method for one in records if one.method)
    sizes = Counter(one.effect_size_name for one in records if one.effect_size is not None)
    return (methods.most_common(1)[0][0] if methods else "", sizes.most_common(1)[0][0] if sizes else None)


def receipts(record: Record, shown: int = 6) -> list[str]:
    """Whether the intervention was delivered, condition by condition."""
    found = record.receipt or {}
    sentences = []
    for condition, one in list(found.items())[:shown]:
        if not isinstance(one, Mapping):
            sentences.append(f"{clean(condition, 120)}: {clean(one, 200)}")
            continue
        sites = ", ".join(clean(site, 120) for site in _listed(one.get("sites"))[:4])
        gone = "then removed" if one.get("removed") else "NOT removed afterwards"
        head = f"{clean(condition, 120)}: f" if len(found) > 1 else "F"
        sentences.append(
            f"{head}ired {plain_figure(one.get('fired'))} of {plain_figure(one.get('expected'))}, "
            f"changed its site by up to {plain_figure(one.get('changed'))}, {gone}; {sites.replace('->', '→')}"
        )
    if (more := len(found) - shown) > 0:
        faults = sum(_faulty(one) for one in list(found.values())[shown:])
        sentences.append(f"and {count(more, 'more condition')}, {faults or 'none'} with a fault")
    return sentences


def controls(record: Record) -> list[str]:
    """The control sets and how well they match, as the ledger has them."""
    return [f"{clean(key, 60).replace('_', ' ')}: {_short(value)}" for key, value in (record.controls or {}).items()]


def outliers(record: Record) -> list[tuple[str, str, str]]:
    """Examples far from the others: name, difference, prompt."""
    return [
        (clean(one.get("unit"), 60), figure(_number(one.get("value"))), clean(one.get("prompt") or "", 240))
        for one in record.outliers
        if isinstance(one, Mapping)
    ]


def parts(record: Record) -> list[Mapping[str, Any]]:
    """What a kind decided together, e.g. each head of many."""
    return [one for one in record.parts if isinstance(one, Mapping) and _number(one.get("effect")) is not None]


def _companions(found: Mapping[str, Any]) -> str:
    """Student's t as papers print it, then whatever else the procedure gives."""
    rest = {k: v for k, v in found.items() if k not in ("t", "df", "t_low", "t_high", "share_rising")}
    words = []
    if "t" in found and "df" in found:
        ends = interval(_number(found.get("t_low")), _number(found.get("t_high")))
        words.append(f"t({plain_figure(_whole(found['df']))}) = {plain_figure(found['t'])} {ends}")
    words += [f"{clean(k, 40).replace('_', ' ')} {plain_figure(v)}" for k, v in rest.items()]
    return ", ".join(words)


def _ratio(replication: Mapping[str, Any] | None) -> str:
    if not replication or replication.get("ratio") is None:
        return ""
    low, high = replication.get("ratio_low"), replication.get("ratio_high")
    ends = f" [{plain_figure(low)}, {plain_figure(high)}]" if low is not None and high is not None else ""
    return f"; measured is {plain_figure(replication['ratio'])}{ends} of it"


def _faulty(one: Any) -> bool:
    if not isinstance(one, Mapping):
        return False
    fired, expected = _number(one.get("fired")) or 0, _number(one.get("expected")) or 0
    return fired < expected or not one.get("removed")


def _listed(value: Any) -> Sequence[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] if value is not None else []


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(k, 40)} {_short(v)}" for k, v in value.items())[:300]
    if isinstance(value, list | tuple):
        return ", ".join(_short(one) for one in value[:12]) + (
            f" and {len(value) - 12} more" if len(value) > 12 else ""
        )
    return plain_figure(value)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
