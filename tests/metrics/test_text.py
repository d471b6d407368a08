"""Metrics of text, on text alone."""

import pytest
from causal_claims import ClaimsError, word_list
from causal_claims.metrics import generated as g
from causal_claims.metrics import lexicon
from causal_claims.metrics.lexicon import sentiment_of


class Run:
    def __init__(self, *texts, value="5"):
        self.texts, self._value = texts, value

    def field(self, name):
        return [self._value] * len(self.texts)


def test_the_studys_match_finds_five_in_1995_and_the_strict_one_does_not():
    run = Run("in 1995", "about 5 of them", "five.", "it is 5.2 miles", "5, he said", "mid-5")
    assert g.value_match(run) == [1, 1, 1, 1, 1, 1]
    assert g.value_match_strict(run) == [0, 1, 1, 0, 1, 0]


def test_an_empty_value_matches_nothing_and_is_refused():
    with pytest.raises(ClaimsError, match="is empty"):
        g.value_match_strict(Run("a text", value=" , "))


def test_the_normal_form():
    assert g.normal(" Twelve  Thousand, 1,234 ") == "12 thousand 1234"


def test_keywords_are_whole_words_of_a_declared_list():
    assert g.keyword_count(Run("Thanks, thank you! thankless", "made mad", "thanks, thanks")) == [2, 0, 1]
    assert g.keyword_count(Run("made mad"), list="anger") == [1]
    with pytest.raises(ClaimsError, match="no list of words 'angry'"):
        g.keyword_count(Run("x"), list="angry")


def test_sentiment_turns_after_a_negation():
    assert [sentiment_of(t) for t in ("a good day", "not a good day", "a day", "good but awful")] == [1, 0, 0.5, 0.5]


def test_a_list_of_ones_own_is_counted_in_lower_case_each_word_once(monkeypatch):
    monkeypatch.setattr(lexicon, "WORD_LISTS", dict(lexicon.WORD_LISTS))
    word_list("hedges", ["Maybe", "perhaps", "maybe"])
    assert lexicon.words_in("hedges") == ("maybe", "perhaps")
    assert g.keyword_count(Run("Perhaps, maybe", "surely"), list="hedges") == [2, 0]
    with pytest.raises(ClaimsError, match="it has no words"):
        word_list("none", [])
