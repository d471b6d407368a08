"""Of the heads that claims name, a page shows few a model, the same ones however the run was divided."""

from types import SimpleNamespace

from causal_claims import Head, KVHead, Metric, ablate, negligible, raises
from causal_claims.pytest_plugin.pictures import MOST, Pictures, keep_few

M = Metric("entropy", over="plain")


def claims(count):
    return [raises(M, by=ablate(Head(0, h)), beyond=0.1, id=f"{way}-{h:02d}") for way in "ab" for h in range(count)]


def test_one_pattern_a_head_and_six_a_model():
    records = [
        SimpleNamespace(model=model, attention={"head": f"L0.H{i // 2}"}) for model in ("a", "b") for i in range(20)
    ]
    records.append(SimpleNamespace(model="c", attention=None))
    keep_few(records)
    kept = [(one.model, one.attention["head"]) for one in records if one.attention]

    assert kept == [(model, f"L0.H{i}") for model in ("a", "b") for i in range(6)]


def test_only_the_heads_that_the_ledger_keeps_are_shown():
    """The first of them by node id, in whatever order they were collected."""
    pictures, listed = Pictures(), claims(9)
    pictures.choose((f"t.py::t[{one.id}]", one, "m") for one in reversed(listed))
    shown = [found for one in listed if (found := pictures.wanted(one, "m")) is not None]

    assert shown == 2 * [(Head(0, h), "plain") for h in range(MOST)]
    assert pictures.wanted(claims(20)[-1], "m") is not None, "it was not known before it was judged"


def test_shards_show_at_least_the_heads_of_the_single_run():
    listed = [(f"t.py::t[{one.id}]", one, "m") for one in claims(12)]
    whole = Pictures()
    whole.choose(listed)
    for part in (listed[::2], listed[1::2]):
        share = Pictures()
        share.choose(part)
        assert all(share.wanted(one, key) for _, one, key in part if whole.wanted(one, key))


def test_a_claim_that_names_no_single_head_has_no_picture():
    pictures = Pictures()
    for claim in (
        negligible(M, by=ablate(Head(0, 0)), within=0.1),
        raises(M, by=ablate(Head(0, 0), Head(0, 1)), beyond=0.1),
        raises(M, by=ablate(KVHead(0, 0)), beyond=0.1),
        raises(Metric("x"), by=ablate(Head(0, 0)), beyond=0.1),
    ):
        assert pictures.wanted(claim, "m") is None
