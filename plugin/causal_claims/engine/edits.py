"""A condition as edits, site by site, and what they will ask for: known before any pass."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from causal_claims.errors import ClaimsError, listing, nearest
from causal_claims.examples import Example
from causal_claims.interventions.intervention import OPERATIONS, Intervention, Operation, Step
from causal_claims.sites import Head, KVHead, Site, Stage, VSlice

Key = tuple[str, int]  # a tensor of the network: ("z", layer), ("v", layer), ("resid_post", layer)


@dataclass(frozen=True, eq=False)
class Edit:
    """One operation at one site."""

    step: Step
    site: Site
    operation: Operation
    options: dict[str, Any]
    stage: Stage

    def during(self, phase: str) -> bool:
        return self.options.get("during", "both") in ("both", phase)


def edits(condition: Intervention) -> tuple[Edit, ...]:
    """A condition's operations, site by site, in the order in which they are applied."""
    return tuple(_edits(condition))


def _edits(condition: Intervention) -> Iterator[Edit]:
    for step in condition.steps:
        operation = OPERATIONS.get(step.operation)
        if operation is None:
            raise ClaimsError(
                f"{condition}: no intervention named {step.operation!r} is declared{nearest(step.operation, OPERATIONS)}; "
                f"there are {listing(sorted(OPERATIONS))}."
            )
        for site in step.sites:
            yield Edit(step, site, operation, {**operation.options, **dict(step.options)}, operation.stage(site))


def needs(condition: Intervention) -> tuple[set[Key], set[tuple[str, Key]]]:
    """The means and the source tensors that a condition will ask for: known before any pass."""
    means: set[Key] = set()
    sources: set[tuple[str, Key]] = set()
    for edit in edits(condition):
        layer, options = edit.site.layer, edit.options
        kind = {Head: "z", KVHead: "v", VSlice: "v"}.get(type(edit.site))
        key = (kind or f"resid_{getattr(edit.site, 'at', '')}", layer)
        how, source = options.get("how"), options.get("source")
        if how == "mean":
            means.add(key)
        if how == "resample":
            sources.add((f"other:{options.get('seed', 0)}", key))
        if isinstance(source, str):
            sources.add((source, (key[0], options.get("layer", layer))))
            if options.get("part") in ("v", "pattern_v"):
                sources.add((source, ("v", layer)))
    return means, sources


def source_prompts(name: str, examples: Sequence[Example]) -> list[str]:
    """The prompt that each example's source is, by name: a field, `clean`, or `other:SEED`."""
    if name == "clean":
        return [one.prompt for one in examples]
    if name.startswith("other:"):
        if len(examples) < 2:
            raise ClaimsError("ablate(how=resample) takes another example's value, and the set has only one example.")
        order = sorted(range(len(examples)), key=lambda i: digest(f"{name}:{examples[i].id}"))
        place = {row: i for i, row in enumerate(order)}  # a cycle: nobody gets itself
        return [examples[order[(place[i] + 1) % len(order)]].prompt for i in range(len(examples))]
    for one in examples:
        if not one.fields.get(name):
            raise ClaimsError(
                f"patch(source={name}): example {one.id!r} has no field {name!r}; it has {listing(one.fields)}. "
                "Give the other prompt there, or use source=clean."
            )
    return [one.fields[name] for one in examples]


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
