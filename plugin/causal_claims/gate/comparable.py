"""Whether two records can be compared example by example; if not, which of data, metric or margin has changed."""

from __future__ import annotations

from causal_claims.errors import listing
from causal_claims.gate.cells import effects_of, measured
from causal_claims.gate.run import Run
from causal_claims.ledger import Record
from causal_claims.measurements import Measurement
from causal_claims.verdicts import Outcome, number

_NOTHING = (Outcome.NOT_RUN, Outcome.INVALID, Outcome.ERROR)
BEHAVIOUR = "behaviour absent"


def obstacle(old: Run, new: Run, before: Record, now: Record) -> str | None:
    """What stands between these two, in words that begin with what has changed; None if nothing does."""
    for when, one in (("then", before), ("now", now)):
        if one.outcome in _NOTHING and not (one is now and lost_behaviour(now)):
            return f"{one.outcome} {when}: {one.reason}"
    if bool(before.stand_in) != bool(now.stand_in):
        return f"model changed: a stand-in ({before.stand_in or now.stand_in}) on one side only"
    if _metrics(before) != _metrics(now):
        return f"metric changed: {listing(sorted(_metrics(before)), 3)} then, {listing(sorted(_metrics(now)), 3)} now"
    if before.fingerprint != now.fingerprint:
        return f"claim changed: {_what_else(before, now)}"
    if before.margin != now.margin or before.needs != now.needs:
        return f"margin changed: {before.needs or number(before.margin)} then, {now.needs or number(now.margin)} now"
    hashes = before.facts.get("data"), now.facts.get("data")
    if None not in hashes and hashes[0] != hashes[1]:
        return "data changed: the examples have other contents"
    return _data(old, new, before, now)


def _what_else(before: Record, now: Record) -> str:
    """What one side measures and the other does not."""
    then, here = _conditions(before), _conditions(now)
    lost, added = [one for one in then if one not in here], [one for one in here if one not in then]
    if not lost and not added:
        return "it compares the same numbers otherwise, under the same id"
    words = [f"{len(lost)} conditions gone (e.g. {lost[0]})"] if lost else []
    words += [f"{len(added)} new (e.g. {added[0]})"] if added else []
    if len(then) > 2 or len(here) > 2:
        words.append("other heads, or control sets of another seed")
    return ", ".join(words)


def _conditions(record: Record) -> list[str]:
    return list(dict.fromkeys(term[2] for one in effects_of(record) for term in one.terms))


def lost_behaviour(record: Record) -> bool:
    """Whether the model was shown not to do the task, which is a finding and not an absence of one."""
    return record.outcome == Outcome.NOT_RUN and any(
        guard["fired"] and guard["name"] == BEHAVIOUR and guard["sentence"].startswith(BEHAVIOUR)
        for guard in record.guards
    )


def _metrics(record: Record) -> set[str]:
    return {term[1] for one in effects_of(record) for term in one.terms}


def _data(old: Run, new: Run, before: Record, now: Record) -> str | None:
    then_terms = [term for one in effects_of(before) for term in one.terms]
    now_terms = [term for one in effects_of(now) for term in one.terms]
    for a, b in zip(then_terms, now_terms, strict=True):
        then, here = measured(old, a), measured(new, b)
        for run, found in ((old, then), (new, here)):
            if found is None:
                return f"numbers missing: {run.name} keeps no measurements of {a[1]} under {a[2]}"
        assert then is not None
        assert here is not None
        if change := _other_examples(then, here):
            return f"data changed: {change}"
    return None


def _other_examples(then: Measurement, here: Measurement) -> str | None:
    if then.examples != here.examples:
        lost, added = sorted(set(then.examples) - set(here.examples)), sorted(set(here.examples) - set(then.examples))
        words = [f"{len(then.examples)} examples then, {len(here.examples)} now"]
        words += [f"{len(lost)} gone (e.g. {lost[0]!r})"] if lost else []
        words += [f"{len(added)} new (e.g. {added[0]!r})"] if added else []
        return ", ".join(words)
    if then.clusters != here.clusters:
        i = next(i for i, (a, b) in enumerate(zip(then.clusters, here.clusters, strict=True)) if a != b)
        return f"example {then.examples[i]!r} was in cluster {then.clusters[i]!r} and is in {here.clusters[i]!r}"
    return None
