"""The truth table as a page: claims down, planted variants across."""

from __future__ import annotations

from collections.abc import Iterable

from causal_claims.cli.truth import Truth

MARKS = {"SUPPORTED": "S", "REFUTED": "R", "INCONCLUSIVE": "i", "INVALID": "x", "NOT RUN": "-", "ERROR": "E"}


def page(found: Iterable[Truth]) -> str:
    """One table for each family and choice of models, and why each variant must come out so."""
    groups: dict[tuple[str, str | None], list[Truth]] = {}
    for one in found:
        groups.setdefault((one.family, one.select), []).append(one)
    return "\n\n".join(_table(family, select, group) for (family, select), group in groups.items())


def _table(family: str, select: str | None, group: list[Truth]) -> str:
    names = sorted({name for one in group for name in one.outcomes}, key=lambda name: (name[0], name[1] or ""))
    head = f"| claim | {' | '.join(one.variant for one in group)} |"
    lines = [
        f"| {claim}{f' on {model}' if model else ''} | "
        + " | ".join(MARKS.get(one.outcomes.get((claim, model), ""), " ") for one in group)
        + " |"
        for claim, model in names
    ]
    return "\n".join(
        [
            f"### {family}{f', {select}' if select else ''}",
            "",
            *(f"- `{one.variant}`: {one.why}" for one in group),
            "",
            head,
            f"|---{'|:-:' * len(group)}|",
            *lines,
        ]
    )
