"""A classifier's labels are found whatever their capitals, or refused; never read as a probability of 0."""

import pytest
import torch
from causal_claims import Metric
from causal_claims.engine.classifier import check_scorer, classifier
from causal_claims.errors import ClaimsError, NotRunError
from causal_claims.metrics import generated
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

WORDS = ["[PAD]", "[UNK]", "good", "bad", "day"]


def save(folder, *labels):
    """A real classifier in which `good` speaks for the last label."""
    raw = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        num_labels=len(labels), id2label=dict(enumerate(labels)), label2id={name: i for i, name in enumerate(labels)},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


class Run:
    texts = ("good day", "bad day", "")

    def scored(self, scorer, label):
        return classifier(scorer).probability(self.texts, label)


@pytest.mark.parametrize("labels", [("negative", "neutral", "positive"), ("NEGATIVE", "POSITIVE")])
def test_a_label_is_found_whatever_its_capitals(tmp_path, labels):
    name = save(tmp_path, *labels)
    check_scorer(Metric("sentiment", scorer=name))
    found = generated.sentiment(Run(), scorer=name)
    loaded = classifier(name)
    one = loaded.model(**loaded.tokenizer(["good day"], return_tensors="pt")).logits.softmax(-1)[0, -1]
    assert found[0] == pytest.approx(one.item(), abs=1e-6)
    assert all(0 < p < 1 for p in found)
    assert found[0] != found[1]


def test_a_label_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    name = save(tmp_path, "LABEL_0", "LABEL_1")
    for ask in (
        lambda: check_scorer(Metric("sentiment", scorer=name)),
        lambda: generated.sentiment(Run(), scorer=name),
    ):
        with pytest.raises(ClaimsError, match="has LABEL_0, LABEL_1; a missing label is no probability of 0"):
            ask()


def test_a_sentiment_classifier_is_none_of_politeness(tmp_path):
    with pytest.raises(ClaimsError, match="asked for the label 'polite'"):
        check_scorer(Metric("politeness", scorer=save(tmp_path, "negative", "positive")))


def test_absent_weights_are_not_run(tmp_path):
    with pytest.raises(NotRunError, match="its weights are not on this machine"):
        check_scorer(Metric("sentiment", scorer=str(tmp_path / "nowhere")))
    with pytest.raises(NotRunError, match="machine; fetch them with `hf download nobody/has-this`"):
        check_scorer(Metric("sentiment", scorer="nobody/has-this"))


def test_the_lexicon_needs_no_weights():
    check_scorer(Metric("sentiment"))
    check_scorer(Metric("logit_diff"))
