"""Guards on the design: what can be seen from the claim and the model's counts, before anything is measured."""

from collections.abc import Iterator
from dataclasses import replace

from causal_claims.claims.claim import LEVELS, Claim
from causal_claims.claims.effects import Cell
from causal_claims.errors import ClaimsError
from causal_claims.examples import examples
from causal_claims.interventions.intervention import OPERATIONS
from causal_claims.models import ModelSpec
from causal_claims.sites import Resid, VSlice
from causal_claims.verdicts import Guard


def design_guards(claim: Claim, spec: ModelSpec | None) -> Iterator[Guard]:
    """All guards that need no numbers, in the order a reader would ask."""
    cells = [cell for cell in claim.cells if cell.condition.steps]
    known = [cell for cell in cells if cell.metric.spec is not None and _declared(cell)]
    paths = [_pseudo_head(cells, spec)] if cells else []
    paths += [_measures_what_it_edits(known), _no_causal_path(known), _another_run(known)] if known else []
    for guard in paths:
        yield guard if asks_for_a_cause(claim) else replace(guard, fired=False)
    yield _selection(claim)
    if (asked := claim.about.get("asked")) is not None:
        yield _really_ablated(asked, cells)


def asks_for_a_cause(claim: Claim) -> bool:
    """A figure may be reproduced by any procedure; what an intervention does needs one that can do it."""
    return claim.rule.ceiling == "causal" and claim.about.get("wording") != "descriptive"


def _declared(cell: Cell) -> bool:
    return all(step.operation in OPERATIONS for step in cell.condition.steps)


def _pseudo_head(cells: list[Cell], spec: ModelSpec | None) -> Guard:
    """A slice of a grouped-query v_proj is a part of a key/value head, and no head at all."""
    name = "pseudo-head"
    for cell in cells:
        for site in cell.condition.sites:
            if isinstance(site, VSlice) and site.of > 1 and (spec is None or spec.kv_heads != site.of):
                of = f", which has {spec.kv_heads} key/value heads" if spec is not None and spec.kv_heads else ""
                return Guard(
                    name, f"{site} is no head of this architecture{of}: it is a block of v_proj's columns", True
                )
    return Guard(name, "every address is a head of this architecture")


def _measures_what_it_edits(cells: list[Cell]) -> Guard:
    name = "measures what it edits"
    for cell in cells:
        if edited := set(cell.condition.writes()) & set(cell.metric.reads()):
            point = min(edited)
            return Guard(
                name, f"{cell.metric} reads the tensor that {cell.condition} writes, at layer {point.layer}", True
            )
    return Guard(name, "no metric reads a tensor that its intervention writes")


def _no_causal_path(cells: list[Cell]) -> Guard:
    """A write reaches a read only if it comes strictly earlier in the order of computation."""
    name = "no causal path"
    for cell in cells:
        last_read, first_write = max(cell.metric.reads()), min(cell.condition.writes())
        if first_write >= last_read and first_write not in cell.metric.reads():
            where = "beside" if first_write[:1] == last_read[:1] else "after"
            return Guard(
                name,
                f"{cell.condition} writes {where} everything that {cell.metric} reads; the effect is zero by architecture",
                True,
            )
    return Guard(name, "every intervention lies before something that its metric reads")


def _another_run(cells: list[Cell]) -> Guard:
    """Who writes the whole residual stream over reads another prompt's run, whatever the layer."""
    name = "another run"
    for cell in cells:
        for step in cell.condition.steps:
            whole = step.operation == "patch" and step.option("at") == "all" and step.option("source") != "clean"
            if whole and (site := next((one for one in step.sites if isinstance(one, Resid)), None)) is not None:
                return Guard(
                    name,
                    f"{cell.condition} writes all of {site} over: what follows is the run of the {step.option('source')!r} prompt, "
                    "whatever the layer, and shows no place",
                    True,
                )
    return Guard(name, "no intervention puts another prompt's whole run in place")


def _selection(claim: Claim) -> Guard:
    """Heads picked on the judging examples look stronger than they are, unless the kind corrects for the choice."""
    picked = claim.about.get("picked_on")
    judged = {cell.metric.over for cell in claim.cells}
    if picked is not None and picked in judged and not claim.rule.corrects_selection:
        return Guard("selection", f"the heads were picked on {picked!r}, the same examples that judge them", True)
    if picked is not None and not claim.rule.corrects_selection:
        for over in sorted(name for name in judged if name is not None):
            if both := _units(picked) & _units(over):
                return Guard(
                    "selection",
                    f"the heads were picked on {picked!r}, which has {len(both)} of the {len(_units(over))} units of {over!r}",
                    True,
                )
    return Guard(
        "selection",
        f"the heads were picked on {picked!r}, judged on others" if picked else "no choice on other data is declared",
    )


def _really_ablated(asked: int, cells: list[Cell]) -> Guard:
    """A list that is too short makes two doses one intervention."""
    for cell in cells:
        if (count := len(set(cell.condition.sites))) != asked:
            return Guard("heads really ablated", f"{asked} heads are asked for, and {count} are ablated", True)
    return Guard("heads really ablated", f"{asked} heads are ablated, as asked")


def _units(name: str) -> frozenset[str]:
    """The independent units of a set of examples; of recorded numbers the set need not be declared."""
    try:
        return frozenset(one.unit for one in examples(name).examples)
    except ClaimsError:
        return frozenset()


def wording_guard(claim: Claim, level: str) -> Guard:
    """A statement must not be worded more strongly than its design and its evidence can carry."""
    wording = claim.about.get("wording")
    if wording is None or LEVELS.index(wording) <= LEVELS.index(level):
        return Guard("wording", f"this evidence carries a {level} wording")
    lacks = (
        "this design can carry"
        if level == claim.best_level
        else "without receipts for its interventions this evidence carries"
    )
    return Guard("wording", f"the claim is worded as {wording}, and {lacks} no more than a {level} wording", True)
