"""Claims as values: ids, slugs, statements, margins, and misuse."""

from pathlib import Path

import causal_claims
import pytest
from causal_claims import (
    ClaimsError,
    Head,
    Metric,
    ablate,
    agrees,
    beats,
    correlates,
    counts,
    dose,
    effect,
    enriched,
    exactly,
    heads,
    interacts,
    level,
    lowers,
    negligible,
    norm_kept,
    raises,
    random_sets,
    ranks,
    recovers,
    replicates,
    specific,
    strongest,
)  # fmt: skip

M = Metric("x")
H = [ablate(h) for h in heads(0, range(40))]
EVERY = [
    raises(M, by=H[0]), lowers(M, by=H[0]), negligible(M, by=H[0], within=1), negligible(M, each=H[:3], within=1),
    strongest(M, by=H[0], among=H[:4]), ranks(M, order=H[:3]), beats(M, by=H[0], against=H[1:]), counts(M, each=H[:4], beyond=1, equals=2),
    dose(M, at={1: H[0], 2: H[1], 5: H[2]}), recovers(effect(M, by=H[0]), of=effect(M, by=H[1]), at_least=0.5),
    interacts(M, parts=H[:2]), specific(effect(M, by=H[0]), effect(M, by=H[1])), agrees(effect(M, by=H[0]), effect(M, by=H[1]), within=1),
    correlates([level(Metric("s", h=i)) for i in range(8)], [effect(M, by=h) for h in H[:8]]), enriched(M, members=list("abcde")),
    replicates(M, by=H[0], reported=0.5), exactly(effect(M, by=H[0])), exactly(effect(M, by=H[0]), differs=True),
    interacts(M, parts=H[:2], held={"head 3": H[3]}), raises(norm_kept(M, by=H[0])),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(EVERY)))
def test_every_kind_is_a_hashable_value_with_subject_needs_slug_and_id(place):
    claim = EVERY[place]

    assert hash(claim) == hash(claim)
    assert claim.subject.startswith(claim.kind)
    assert claim.rule.needs()
    assert claim.slug.startswith(f"{claim.kind}-")
    assert claim.id.endswith(claim.fingerprint[:8])
    assert not any(c.isspace() or c in "[]" for c in claim.id)
    assert claim.cells


def test_all_kinds_have_different_ids():
    assert len({claim.id for claim in EVERY}) == len(EVERY)


@pytest.mark.parametrize(("build", "words"), [
    (lambda: raises(M, by=H[0], beyond=-0.1), "for the other direction write lowers"),
    (lambda: lowers(M, by=H[0], beyond=-0.1), "for the other direction write raises"),
    (lambda: raises(M, by=H[0], beyond=float("nan")), "beyond"),
    (lambda: raises(M, by=H[0], beyond="0.1"), "beyond"),
    (lambda: raises(M), "by what"),
    (lambda: raises(effect(M, by=H[0]), by=H[0]), "already says by what"),
    (lambda: raises(M, by=H[0], smallest=-1), "not negative"),
    (lambda: raises(M, by=H[0], margin=1), "no such setting"),
    (lambda: raises(M, by=H[0], expect="supported", because="x"), "expect is"),
    (lambda: raises(M, by=H[0], expect="refuted"), "say why in because="),
    (lambda: raises(M, by=H[0], wording="strong"), "wording is one of"),
    (lambda: raises(M, by=H[0], id="a b"), "without spaces"),
    (lambda: raises(M, by=H[0], reported="0.5"), "a number"),
    (lambda: negligible(M, by=H[0], within=0), "no data can show"),
    (lambda: negligible(M, within=1), "by= for one"),
    (lambda: negligible(M, each=[], within=1), "at least 1"),
    (lambda: negligible(M, each=[H[0], H[0]], within=1), "more than once"),
    (lambda: negligible(M, each=H[0], within=1), "takes a list"),
    (lambda: strongest(M, by=H[0], among=[H[0]]), "no other"),
    (lambda: strongest(M, by=H[0], among=H[:3], picked="later"), "'before' or 'after'"),
    (lambda: strongest(M, by=H[0], among=H[:3], way="up"), "'raises' or 'lowers'"),
    (lambda: ranks(M, order=H[:1]), "at least 2"),
    (lambda: beats(M, by=H[0], against=H[:5]), "among its own random sets"),
    (lambda: dose(M, at={1: H[0], 2: H[1]}), "at least 3"),
    (lambda: dose(M, at={5: H[0], 2: H[1], 9: H[2]}), "rising order"),
    (lambda: dose(M, at=H[:3]), "doses with their interventions"),
    (lambda: recovers(effect(M, by=H[0]), of=effect(M, by=H[1])), "at_least=0.865 or between"),
    (lambda: recovers(effect(M, by=H[0]), of=effect(M, by=H[1]), between=(0.7, 0.6)), "lower bound comes first"),
    (lambda: interacts(M, parts=H[:1]), "at least 2"),
    (lambda: interacts(M, parts=H[:2], held=[H[3]]), "give a name and an intervention for each"),
    (lambda: specific(M, M), "give two effects"),
    (lambda: agrees(effect(M, by=H[0]), effect(M, by=H[1]), within=0), "exactly"),
    (lambda: correlates([level(M)], [effect(M, by=H[0])]), "at least 8 heads"),
    (lambda: enriched(M, members=["a"]), "at least 5"),
    (lambda: replicates(M, by=H[0], reported=0), "other than 0"),
    (lambda: replicates(M, by=H[0], reported=1, reported_n=0), "at least 1"),
    (lambda: counts(M, each=H[:3], beyond=1, equals=4), "no count of 3"),
    (lambda: counts(M, each=H[:3], beyond=1), "equals=3 or between"),
    (lambda: exactly(M), "give an effect"),
], ids=map(str, range(99)))  # fmt: skip
def test_misuse_of_a_kind_is_refused_with_what_to_write(build, words):
    with pytest.raises(ClaimsError, match=words):
        build()


def test_random_sets_match_the_layers_leave_out_the_target_and_never_repeat():
    target = [*heads(0, [1, 2]), Head(3, 5)]
    sets = random_sets(target, 39, heads=16, seed=3)

    assert len(set(sets)) == 39
    assert sets == random_sets(target, 39, heads=16, seed=3)
    assert sets != random_sets(target, 39, heads=16, seed=4)
    for one in sets:
        assert sorted(site.layer for site in one.sites) == [0, 0, 3]
        assert not set(one.sites) & set(target)


def test_more_random_sets_than_there_are_is_refused_with_the_number_there_is():
    with pytest.raises(ClaimsError, match="only 15 different sets"):
        random_sets([Head(0, 2)], 39, heads=16)


KINDS = (Path(__file__).parents[2] / "docs" / "writing-a-claim.md").read_text(encoding="utf-8").split("## Kinds\n")[1]
LINES = KINDS.split("```python\n")[1].split("```")[0].splitlines()


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.partition("(")[0])
def test_the_page_shows_how_each_kind_is_written(line):
    names = {name: getattr(causal_claims, name) for name in dir(causal_claims) if not name.startswith("_")}
    looks = [Metric("summed_attention", layer=0, head=i) for i in range(12)]
    claim = eval(line, {**names, "M": Metric("x"), "h": Head(0, 0), "g": Head(0, 1), "look": looks.__getitem__})

    assert claim.kind == line.partition("(")[0]
    assert f"`{claim.kind}`" in KINDS
