"""What the model writes.  Only the generation is looked at, never the prompt.

The options `tokens`, `temperature` (0: greedy), `top_p` and `seed` say how it is generated; metrics that agree in them
share one generation.
"""

import re
from collections.abc import Mapping
from typing import Any

from causal_claims.errors import ClaimsError
from causal_claims.metrics.lexicon import POLITE, sentiment_of, words_in, words_of
from causal_claims.metrics.metric import metric
from causal_claims.sites import GENERATION, Point, Stage


@metric(reads=GENERATION, low=0, high=1, needs=("value",))
def value_match(run: Any, *, tokens: int = 20, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0) -> Any:
    """1 where the field `value` occurs in the text, as study 001 compares: any substring, so "5" is found in "1995"."""
    return [float(normal(value) in normal(text)) for value, text in zip(run.field("value"), run.texts, strict=True)]


@metric(reads=GENERATION, low=0, high=1, needs=("value",))
def value_match_strict(
    run: Any, *, tokens: int = 20, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0
) -> Any:
    """The same at word boundaries: "5" is not found in "1995", nor in "5.2"."""
    for one in run.field("value"):
        if not normal(one):
            raise ClaimsError(
                f"value_match_strict: the value {one!r} is empty once it is normalised, and nothing can match it."
            )
    return [
        float(_stands_in(normal(value), normal(text)))
        for value, text in zip(run.field("value"), run.texts, strict=True)
    ]


@metric(reads=GENERATION, low=0, version=2)
def keyword_count(
    run: Any, *, list: str = "gratitude", tokens: int = 20, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0  # noqa: A002
) -> Any:  # fmt: skip
    """How many different words of a list the text has; whole words, each counted once."""
    wanted = frozenset(words_in(list))
    return [float(len(wanted.intersection(words_of(text)))) for text in run.texts]


@metric(reads=GENERATION, low=0, high=1)
def has_keyword(
    run: Any, *, list: str = "gratitude", tokens: int = 20, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0  # noqa: A002
) -> Any:  # fmt: skip
    """1 where the text has any word of a list; its mean is the share of such texts."""
    wanted = frozenset(words_in(list))
    return [float(not wanted.isdisjoint(words_of(text))) for text in run.texts]


@metric(reads=GENERATION, low=0)
def keyword_expected(
    run: Any, *, list: str = "gratitude", along: str = "clean", tokens: int = 20, first: int = 0  # noqa: A002
) -> Any:  # fmt: skip
    """How many words of a list were to be expected: their probabilities, summed along a text that is the same in every arm.

    `along` is a field that holds the text, or `clean`: the greedy text of the clean run, written without any list's words.
    `first` counts the first so many tokens only (0: all).  Unlike a count it moves with every change of a probability,
    and no arm's own text can run away.
    """
    words_in(list)
    if not 0 <= first <= tokens:
        raise ClaimsError(f"keyword_expected(tokens={tokens}, first={first}): first is between 0 (all) and tokens.")
    return [float(steps[: first or None].sum()) for steps in run.word_probabilities(list)]


@metric(reads=GENERATION, low=0, high=1)
def sentiment(
    run: Any, *, scorer: str = "lexicon", tokens: int = 20, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0
) -> Any:
    """From 0 (negative) to 1 (positive), by a small lexicon that turns after a negation; 0.5 where it knows no word.

    `scorer` is the folder or hub id of a classifier instead: the probability of its label `positive`, which it must have.
    """
    if scorer != "lexicon":
        return run.scored(scorer, "positive")
    return [sentiment_of(text) for text in run.texts]


@metric(reads=GENERATION, low=0)
def politeness(
    run: Any, *, scorer: str = "lexicon", tokens: int = 20, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0
) -> Any:
    """How many polite markers the text has (please, thank you, could you, ...); or a classifier's `polite`."""
    if scorer != "lexicon":
        return run.scored(scorer, "polite")
    return [float(sum(len(marker.findall(text.lower())) for marker in POLITE)) for text in run.texts]


@metric(reads=GENERATION, low=0)
def words_written(run: Any, *, tokens: int = 20, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0) -> Any:
    """How many words the text has: a control for counts, since a longer text has more of everything."""
    return [float(len(words_of(text))) for text in run.texts]


def _copying(options: Mapping[str, Any]) -> tuple[Point, ...]:
    return (Point(options["layer"], Stage.PATTERN), GENERATION)


@metric(reads=_copying, low=0, high=1)
def copy_score(
    run: Any, *, layer: int = 0, head: int = 0, span: str = "needle", tokens: int = 20, temperature: float = 0.0,
    top_p: float = 1.0, seed: int = 0,
) -> Any:  # fmt: skip
    """Wu et al.'s retrieval score: the share of the span's tokens that are generated while the head looks there most.

    A step counts when the head's most attended position lies in the span and holds the token that is generated.
    """
    inside, ids, starts = run.span(span), run.batch.ids, run.batch.starts.tolist()
    found = []
    for row, (attention, written) in enumerate(
        zip(run.attention_while_generating(layer, head), run.generated_ids, strict=True)
    ):
        needle = {p - starts[row] for p in inside[row].nonzero()[:, 0].tolist()}
        copied = set()
        for step, token in enumerate(written):
            place = int(attention[step].argmax())
            if place in needle and int(ids[row, place + starts[row]]) == token:
                copied.add(place)
        found.append(len(copied) / len(needle))
    return found


_UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_NUMBERS = {word: str(i) for i, word in enumerate(_UNITS)} | {word: str(10 * i) for i, word in enumerate(_TENS, 2)}
_NUMBER = re.compile(r"\b(" + "|".join(_NUMBERS) + r")\b")


def normal(text: str) -> str:
    """Study 001's normal form: white space folded, lower case, no commas, number words as digits."""
    folded = " ".join(text.split()).lower().replace(",", "")
    return _NUMBER.sub(lambda match: _NUMBERS[match[1]], folded)


def _stands_in(value: str, text: str) -> bool:
    return bool(value) and re.search(rf"(?<![\w.])(?<!\w-){re.escape(value)}(?![\w-]|\.\d)", text) is not None
