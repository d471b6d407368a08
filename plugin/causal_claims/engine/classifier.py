"""A text classifier from its weights on this machine, whose labels are checked before anything is counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from causal_claims.errors import ClaimsError, NotRunError, listing
from causal_claims.metrics.metric import Metric

LEXICON = "lexicon"
WANTED = {"sentiment": "positive", "politeness": "polite"}  # what each scorer is asked for
BATCH = 32


@dataclass(frozen=True, eq=False)
class Classifier:
    """The probability of one label; a label that the model does not have is refused, never read as 0."""

    name: str
    model: Any
    tokenizer: Any
    labels: tuple[str, ...]

    def column(self, wanted: str) -> int:
        """Where a label stands, whatever its capitals; `LABEL_1` says nothing and is refused."""
        found = [i for i, label in enumerate(self.labels) if label.lower() == wanted.lower()]
        if len(found) != 1:
            raise ClaimsError(
                f"scorer {self.name}: it was asked for the label {wanted!r} and has {listing(self.labels)}; a missing label is "
                "no probability of 0. Choose a classifier that names it, or scorer=lexicon."
            )
        return found[0]

    @torch.inference_mode()
    def probability(self, texts: Sequence[str], wanted: str) -> list[float]:
        """Of the label, for each text; an empty text is scored as one too."""
        column, found = self.column(wanted), list[float]()
        for first in range(0, len(texts), BATCH):
            batch = self.tokenizer(
                list(texts[first : first + BATCH]), padding=True, truncation=True, return_tensors="pt"
            )
            found += self.model(**batch).logits.float().softmax(-1)[:, column].tolist()
        return found


def check_scorer(metric: Metric) -> None:
    """Before any pass: a metric's classifier is there and has the label that is asked for."""
    name = metric.option("scorer")
    if name not in (None, LEXICON):
        classifier(str(name)).column(WANTED[metric.name])


@cache
def classifier(name: str) -> Classifier:
    """From a folder or the hub's cache on this machine; nothing is fetched."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    here = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **here)
        model: Any = AutoModelForSequenceClassification.from_pretrained(name, use_safetensors=True, **here)
    except (OSError, ValueError, KeyError) as error:
        said = " ".join(str(error).split()).partition(". ")[0]
        why = "" if "cached files" in said else f" ({said[:160]})"  # that they could not be fetched: nobody tried
        raise NotRunError(
            f"scorer {name}: its weights are not on this machine{why}; fetch them with `hf download {name}`, or use scorer=lexicon."
        ) from None
    labels = model.config.id2label
    return Classifier(name, model.eval(), tokenizer, tuple(str(labels[i]) for i in sorted(labels)))
