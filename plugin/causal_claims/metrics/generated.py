"""What the model writes.  Only the generation is looked at, never the prompt.

The options `tokens`, `temperature` (0: greedy), `top_p` and `seed` say how it is generated; metrics that agree in them
share one generation.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from causal_claims.errors import ClaimsError, listing, nearest
from causal_claims.metrics.lexicon import POLITE, sentiment_of, words_of
from causal_claims.metrics.metric import metric
from causal_claims.sites import GENERATION, Point, Stage

WORD_LISTS: dict[str, tuple[str, ...]] = {
    "gratitude": (
        "thank", "thanks", "thanked", "thanking", "thankful", "grateful", "gratefully", "gratitude", "appreciate",
        "appreciated", "appreciating", "appreciation", "blessed",
    ),
    "anger": ("angry", "anger", "furious", "fury", "rage", "outraged", "hate", "hatred", "annoyed", "mad", "livid"),
    "apology": (
        "sorry", "apologize", "apologized", "apology", "apologies", "regret", "regretted", "regretful", "forgive",
    ),
}  # fmt: skip


def word_list(name: str, words: Iterable[str]) -> None:
    """Declare words for `keyword_count`, or put others under a name that is there."""
    chosen = tuple(dict.fromkeys(word.lower() for word in words))
    if not chosen:
        raise ClaimsError(f"word_list({name!r}): it has no words.")
    WORD_LISTS[name] = chosen


@metric(reads=GENERATION, low=0, high=1, needs=("value",))
def value_match(run: Any, *, tokens: int = 20, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0) -> Any:
    """1 where the field `value` occurs in the text, as study 001 compares: any substring, so "5" is found in "1995"."""
    return [float(normal(value) in normal(text)) for value, text in zip(run.field("value"), run.texts, strict=True)]


@metric(reads=GENERATION, low=0, high=1, needs=("value",))
def value_match_strict(
    run: Any, *, tokens: int = 20, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0
) -> Any:
    """The same at word boundaries: "5" is not found in "1995", nor in "5.2"."""
    return [
        float(_stands_in(normal(value), normal(text)))
        for value, text in zip(run.field("value"), run.texts, strict=True)
    ]


@metric(reads=GENERATION, low=0)
def keyword_count(
    run: Any, *, words: str = "gratitude", tokens: int = 20, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0
) -> Any:
    """How many words of the text are in a list; whole words, each time they occur."""
    if words not in WORD_LISTS:
        raise ClaimsError(
            f"keyword_count(words={words!r}): there is no such list{nearest(words, WORD_LISTS)}; there are "
            f"{listing(WORD_LISTS)}. Declare one: word_list({words!r}, [...])."
        )
    wanted = frozenset(WORD_LISTS[words])
    return [float(sum(word in wanted for word in words_of(text))) for text in run.texts]


@metric(reads=GENERATION, low=0, high=1)
def sentiment(run: Any, *, tokens: int = 20, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0) -> Any:
    """From 0 (negative) to 1 (positive), by a small lexicon that turns after a negation; 0.5 where it knows no word."""
    return [sentiment_of(text) for text in run.texts]


@metric(reads=GENERATION, low=0)
def politeness(run: Any, *, tokens: int = 20, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0) -> Any:
    """How many polite markers the text has (please, thank you, could you, ...)."""
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
