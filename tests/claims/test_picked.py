"""Claims about heads that are found later, and files of heads."""

import json

import pytest
from causal_claims import ClaimsError, Head, Metric, Pick, ablate, effect, picked, raises
from causal_claims.claims.picked import Heads, read_heads
from causal_claims.errors import NotRunError

M = Metric("x", over="somewhere")
PICK = Pick("summed_attention", over="discovery", lists=("a", "b"), top=3)
FOUND = Heads(
    {
        "a": ((Head(1, 0), 0.9), (Head(2, 5), 0.5), (Head(3, 1), 0.4)),
        "b": ((Head(2, 5), 0.8), (Head(1, 0), 0.3), (Head(4, 4), 0.2)),
        "all": ((Head(2, 5), 0.65),),
    },
    "a test",
)


def first_two(**more):
    return picked(lambda heads: raises(M, by=ablate(*heads.first("a", 2)), **more), PICK)


def test_before_the_heads_are_known_a_claim_names_their_places():
    claim = first_two(id="c")
    assert [str(cell.condition) for cell in claim.cells] == ["ablate(a#1, a#2)", "baseline"]
    assert claim.about["picked_on"] == "discovery"


def test_once_they_are_known_it_is_about_them_and_keeps_its_id():
    made = first_two(id="c").of(lambda pick: FOUND)
    assert made.id == "c"
    assert made.rule.effects() == (effect(M, by=ablate(Head(1, 0), Head(2, 5))),)
    assert made.about["picked_on"] == "discovery"


def test_a_claim_that_fails_on_the_heads_found_is_an_error_of_its_own():
    claim = picked(lambda heads: raises(M, by=ablate(heads.first("a", 3)[3 if heads is FOUND else 2]), id="c"), PICK)
    with pytest.raises(ClaimsError, match="c: it cannot be built about the heads that were found: IndexError"):
        claim.of(lambda pick: FOUND)


def test_without_an_id_by_hand_its_history_would_break():
    with pytest.raises(ClaimsError, match="needs id="):
        first_two()


def test_fewer_heads_than_the_claim_is_about_are_not_run():
    with pytest.raises(NotRunError, match="lists 3 heads for 'a', and the claim is about the first 4"):
        FOUND.first("a", 4)
    with pytest.raises(NotRunError, match="2 heads are in 2 lists, and the claim is about 5"):
        FOUND.shared(2, 5)
    with pytest.raises(NotRunError, match="no head is in 3 of the 2 lists"):
        FOUND.shared(3)


def test_shared_heads_come_by_frequency_then_by_mean_score():
    assert FOUND.shared(2) == (Head(2, 5), Head(1, 0))
    assert FOUND.shared(1)[2:] == (Head(3, 1), Head(4, 4))


def test_a_file_is_read_back_as_it_was_written(tmp_path):
    path = tmp_path / "retrieval_heads.json"
    path.write_text(json.dumps(FOUND.to_json()))
    again = read_heads(path)
    assert again.lists == FOUND.lists
    assert again.shared(2) == FOUND.shared(2)


def test_a_file_by_hand_needs_no_scores_and_may_name_the_shared_heads(tmp_path):
    path = tmp_path / "heads.json"
    path.write_text('{"lists": {"a": [[1, 2], [3, 4]]}, "shared": [[3, 4]]}')
    assert read_heads(path)["a"] == (Head(1, 2), Head(3, 4))
    assert read_heads(path).shared(7) == (Head(3, 4),)


@pytest.mark.parametrize(("text", "says"), [
    ("{", "is not JSON"), ("[" * 100_000, "is not JSON"), ("[]", "must hold lists of heads"), ('{"lists": {"a": [[1]]}}', "must hold .layer, head."),
    ('{"lists": {"a": [[1, 2], [1, 2]]}}', "L1.H2 is twice"), ('{"lists": {"a": "L1.H2"}}', "must hold .layer, head."),
])  # fmt: skip
def test_a_wrong_file_is_a_sentence(tmp_path, text, says):
    path = tmp_path / "heads.json"
    path.write_text(text)
    with pytest.raises(ClaimsError, match=says):
        read_heads(path)
