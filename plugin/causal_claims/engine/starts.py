"""Where each condition of a task starts, and what must be kept of the clean pass for it."""

from dataclasses import dataclass

from causal_claims.engine.edits import edits
from causal_claims.engine.loading import Loaded
from causal_claims.engine.task import Keys, Task, kept, last_point
from causal_claims.interventions.intervention import BASELINE, Intervention
from causal_claims.sites import Head, Point, Resid, Stage

Start = tuple[int, str]  # layer, and "z" (after attention), "post" (after the block) or "pre" (before it)


@dataclass(frozen=True)
class Starts:
    """Conditions by where they start, and what must be kept of the clean pass for them."""

    groups: tuple[tuple[Start, tuple[Intervention, ...]], ...]
    ends: dict[Intervention, Point]
    end: Point  # of the clean pass
    keep: Keys  # what metrics read

    def state_bytes(self, loaded: Loaded) -> int:
        """What a token of a chunk holds while later passes start from it."""
        states = sum(2 if start[1] == "z" else 1 for start, _ in self.groups) + len(self.keep)
        return (states * max(loaded.map.d_model, loaded.map.heads * loaded.map.d_head)) * loaded.map.w_u.element_size()


def starts(task: Task, loaded: Loaded) -> Starts:
    layers = len(loaded.map.blocks)
    keep = kept(task.reads())
    ends = {condition: last_point(task, condition, layers) for condition in task.conditions}
    groups: dict[Start, list[Intervention]] = {}
    for condition in task.conditions:
        if condition.steps:
            groups.setdefault(_start(condition, keep), []).append(condition)
    ordered = tuple((start, tuple(sorted(groups[start], key=lambda c: ends[c]))) for start in sorted(groups))
    own = last_point(task, BASELINE, layers)
    reach = [
        Point(layer, {"pre": Stage.RESID_PRE, "z": Stage.RESID_MID, "post": Stage.RESID_POST}[at])
        for layer, at in groups
    ]
    return Starts(ordered, ends, max([own, *reach]), keep)


def _start(condition: Intervention, keep: Keys) -> Start:
    made = edits(condition)
    layer = min(edit.site.layer for edit in made)
    first = [edit for edit in made if edit.site.layer == layer]
    if all(isinstance(e.site, Head) and e.stage == Stage.Z for e in first) and ("z", layer) not in keep:
        return layer, "z"
    if all(isinstance(e.site, Resid) and e.stage == Stage.RESID_POST for e in first):
        return layer, "post"
    return layer, "pre"
