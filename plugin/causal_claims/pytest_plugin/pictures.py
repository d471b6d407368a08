"""Which heads a page shows at work: few of a model, known from the collected claims alone, so the same for any division of the run."""

from __future__ import annotations

from collections.abc import Iterable

from causal_claims.claims.claim import Claim
from causal_claims.ledger import Record
from causal_claims.sites import Head

MOST = 6  # heads of one model: a ledger stays small, and each is a run of the reference path
_OF_A_HEAD = ("raises", "lowers", "strongest")  # kinds that say what a head does


class Pictures:
    """The heads chosen of each model."""

    def __init__(self) -> None:
        self._chosen: dict[str, set[Head]] = {}
        self._known: set[tuple[str, str]] = set()  # claim id and model

    def choose(self, claims: Iterable[tuple[str, Claim, str]]) -> None:
        """Of claims with their node ids and models: the heads that come first in the ledger."""
        for _, claim, model in sorted(claims, key=lambda one: (one[2], one[0], one[1].id)):
            if not claim.picks and (found := head_of(claim)) is not None:
                self._known.add((claim.id, model))
                chosen = self._chosen.setdefault(model, set())
                if len(chosen) < MOST:
                    chosen.add(found[0])

    def wanted(self, claim: Claim, model: str) -> tuple[Head, str] | None:
        """The head to show and the set of examples; a claim that nobody knew before it was judged is shown in any case."""
        found = head_of(claim)
        if found is None or ((claim.id, model) in self._known and found[0] not in self._chosen[model]):
            return None
        return found


def head_of(claim: Claim) -> tuple[Head, str] | None:
    """The one head that a claim names, and the examples it is named on."""
    if claim.kind not in _OF_A_HEAD:
        return None
    cell = claim.rule.effects()[0].cells[0]
    sites = cell.condition.sites
    if len(sites) != 1 or not isinstance(sites[0], Head) or cell.metric.over is None:
        return None
    return sites[0], cell.metric.over


def keep_few(records: Iterable[Record]) -> None:
    """One attention pattern a head, and few a model."""
    seen: dict[str, set[str]] = {}
    for one in records:
        if one.attention is not None:
            heads = seen.setdefault(one.model, set())
            if one.attention["head"] in heads or len(heads) >= MOST:
                one.attention = None
            else:
                heads.add(one.attention["head"])
