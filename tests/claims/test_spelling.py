"""Sites and conditions are spelled in one way, which is read back."""

from causal_claims import BASELINE, Head, KVHead, Resid, VSlice, ablate, delete_v_slice, heads, joint, patch, uniform
from causal_claims.interventions.intervention import parse_condition
from causal_claims.sites import compact, parse_site
from hypothesis import given
from hypothesis import strategies as st

INDEX = st.integers(0, 99)
WORD = st.from_regex(r"[a-z][a-z0-9_:\-]{0,8}", fullmatch=True)
HEADS = st.builds(Head, INDEX, INDEX)
KVHEADS = st.builds(KVHead, INDEX, INDEX)
RESIDS = st.builds(Resid, INDEX, st.sampled_from(["pre", "mid", "post"]))
SLICES = st.builds(VSlice, INDEX, st.integers(0, 31))
SITES = HEADS | KVHEADS | RESIDS | SLICES


def some(sites):
    return st.lists(sites, min_size=1, max_size=4, unique=True)


ABLATIONS = st.builds(
    lambda s, how, seed, during: ablate(*s, how=how, seed=seed, during=during),
    some(HEADS | KVHEADS),
    st.sampled_from(["zero", "mean", "resample", "random"]),
    st.integers(-5, 10**9),
    st.sampled_from(["both", "prefill", "decode"]),
)
PATCHES = st.builds(
    lambda s, source, part, at: patch(*s, source=source, part=part, at=at),
    some(HEADS | RESIDS),
    WORD,
    st.sampled_from(["z", "v", "pattern_v"]),
    st.sampled_from(["all", "last", "0:4", "-4:", "5", "1.0", "True"]),
)
STEPS = (
    ABLATIONS
    | PATCHES
    | st.builds(lambda s: uniform(*s), some(HEADS))
    | st.builds(lambda s: delete_v_slice(*s), some(SLICES))
)
INTERVENTIONS = st.lists(STEPS, min_size=0, max_size=3).map(lambda steps: joint(*steps) if steps else BASELINE)


@given(SITES)
def test_a_site_reads_back(site):
    assert parse_site(str(site)) == site


@given(INTERVENTIONS)
def test_a_condition_reads_back(intervention):
    assert parse_condition(str(intervention)) == intervention


@given(some(HEADS | RESIDS), st.randoms())
def test_the_order_of_sites_changes_no_spelling(sites, random):
    shuffled = random.sample(sites, len(sites))

    assert str(patch(*sites)) == str(patch(*shuffled))


def test_defaults_are_left_out_of_the_spelling_and_others_named():
    assert str(ablate(Head(0, 1), how="zero")) == "ablate(L0.H1)"
    assert str(ablate(Head(0, 1), how="mean", during="decode")) == "ablate(L0.H1, during=decode, how=mean)"
    assert str(BASELINE) == "baseline"


def test_defaults_that_are_written_out_are_the_same_condition():
    assert parse_condition("ablate(L0.H1, how=zero, seed=0)") == ablate(Head(0, 1)) == ablate(Head(0, 1), how="zero")


def test_runs_of_heads_are_folded():
    assert compact(heads(25, range(32))) == "L25.H0..31"
    assert compact([Head(27, 1), Head(27, 11), Head(27, 22)]) == "L27.H1+H11+H22"
    assert compact([Head(0, 2), Head(0, 3)]) == "L0.H2+H3"
