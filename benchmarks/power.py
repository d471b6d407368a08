"""The smallest planted strength at which each causal claim is SUPPORTED in 9 of 10 seeds (study 001: in 5 of 5).

    python benchmarks/power.py [suppressor] [contraction] [gratitude] [retrieval]

Strength 1 is the figure that the study reports.  Every trial is written to docs/power.csv as it ends, and found there
again, so a run that was cut off goes on; then docs/power.svg is drawn from the file.
"""

from __future__ import annotations

import csv
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from causal_claims.cli.trial import held_to_models, trials
from causal_claims.report.pictures.svg import FAINT, Axis, bottom_axis, drawing, line, strokes, text

STRENGTHS = (1.0, 0.75, 0.5, 0.25)
FEWER_SEEDS = {"retrieval": 5}  # a trial generates a thousand texts and takes half a minute
SEEDS = 10
TABLE, PICTURE = Path("docs/power.csv"), Path("docs/power.svg")


class Family(NamedTuple):
    claims: str
    select: str
    ids: str  # causal claims that are true at strength 1; of four conditions, facts stands for all; none that takes a whole layer


FAMILIES = {
    "suppressor": Family("claims/suppressor", "gpt2_medium", r"S3-(1|1\.first|1\.norm|3\.smaller\.H\d|4)\.facts|S3-7\.promotes"),
    "contraction": Family("claims/contraction", "mistral_7b_instruct", r"S0-[123]\.written|S0-4\.order|S0-8\.named|S0-10\.(norm|patched|recursion).*"),
    "gratitude": Family("claims/emotion", "gpt2_small", r"S2-5\.(expected|norm)|S4-1\.words|S4-2\.(rises|doubles)|S4-3\.(expected|gratitude.*)|S4-5\.specific|S4-9\.(rather|thanks)|S4-10\.longer"),
    "retrieval": Family("claims/retrieval", "llama_3_8b_instruct", r"S1-1\.k(5|10|20)|S1-2\.k5|S1-2\.next_task\.k5|S1-3\.(k5|all)|S1-6\.(own|shared)|S1-11\.needle"),
}  # fmt: skip


class Row(NamedTuple):
    """One claim on one planted model."""

    family: str
    claim: str
    strength: float
    seed: int
    outcome: str
    effect: str


def recorded() -> list[Row]:
    if not TABLE.exists():
        return []
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [Row(r[0], r[1], float(r[2]), int(r[3]), r[4], r[5]) for r in list(csv.reader(file))[1:]]


def measure(name: str, known: list[Row]) -> Iterator[Row]:
    """From strength 1 downwards, until no claim is left that could still be supported often enough."""
    family = FAMILIES[name]
    claims = [one for one in held_to_models(family.claims, family.select) if re.fullmatch(family.ids, one[0].id)]
    for strength in STRENGTHS:
        here = [row for row in known if row.family == name and row.strength == strength]
        for seed in range(seeds_of(name)):
            if any(row.seed == seed for row in here):
                continue
            made = [
                Row(name, one.claim.id, strength, seed, one.outcome, "" if one.effect is None else f"{one.effect:.4f}")
                for one in trials(claims, name, "in_place", seed=seed, strength=strength)
            ]
            here += made
            yield from made
            if not _open(here):
                break
        if not _open(here):
            return


def _open(rows: list[Row]) -> bool:
    """Whether some claim can still be supported in enough seeds."""
    return any(
        sum(row.claim == claim and row.outcome != "SUPPORTED" for row in rows) <= seeds_of(family) - enough(family)
        for family, claim in {(row.family, row.claim) for row in rows}
    )


def seeds_of(family: str) -> int:
    return FEWER_SEEDS.get(family, SEEDS)


def enough(family: str) -> int:
    """Nine seeds of ten; of fewer, as large a share."""
    return math.ceil(0.9 * seeds_of(family))


def smallest(rows: list[Row]) -> dict[tuple[str, str], float | None]:
    """Per claim, the smallest strength from which on upwards it was SUPPORTED in enough seeds."""
    found: dict[tuple[str, str], float | None] = {}
    for key in dict.fromkeys((row.family, row.claim) for row in rows):
        found[key] = None
        for strength in STRENGTHS:
            held = sum((r.family, r.claim, r.strength, r.outcome) == (*key, strength, "SUPPORTED") for r in rows)
            if held < enough(key[0]):
                break
            found[key] = strength
    return found


def picture(rows: list[Row]) -> str:
    """A line for each claim: the seeds that supported it, of those tried, by strength; the smallest strength that suffices is marked."""
    least = smallest(rows)
    left, step, right = 220, 26, 640
    axis = Axis(0, 1.05, left, right)
    inside = []
    for place, ((family, claim), suffices) in enumerate(sorted(least.items())):
        y = 40 + place * step
        inside.append(text(left - 12, y + 4, claim, text_anchor="end"))
        inside.append(line(f"M{left} {y}H{right}", FAINT))
        for strength in STRENGTHS:
            of = [r for r in rows if (r.family, r.claim, r.strength) == (family, claim, strength)]
            held = sum(r.outcome == "SUPPORTED" for r in of)
            if of:
                x, marked = axis.at(strength), strength == suffices
                colour, width = ("#0b6e4f", 11) if marked else ("#8a8f98", 7)
                inside.append(line(strokes([(x, y, x, y)]), colour, width, stroke_linecap="round"))  # a dot
                inside.append(text(x, y - 8, f"{held}/{len(of)}", text_anchor="middle", font_size=9))
    bottom = 40 + len(least) * step
    inside.append(bottom_axis(axis, bottom, "planted strength (1 is what the study reports)"))
    return str(drawing(right + 30, bottom + 45, "Seeds in which each claim is SUPPORTED, by planted strength", *inside))


def main() -> None:
    rows = recorded()
    if not rows:
        TABLE.write_text(",".join(Row._fields) + "\n", encoding="utf-8")
    for name in sys.argv[1:] or FAMILIES:
        for row in measure(name, rows):
            rows.append(row)
            with TABLE.open("a", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerow(row)
    PICTURE.write_text(picture(rows), encoding="utf-8")
    for (family, claim), suffices in smallest(rows).items():
        print(f"{family:<12} {claim:<24} {'never' if suffices is None else suffices}")


if __name__ == "__main__":
    main()
