"""A small offline lexicon: coarse, but with known labels, and the same everywhere."""

import re
from collections.abc import Iterable

from causal_claims.errors import ClaimsError, listing, nearest

POSITIVE = frozenset(
    [
        "good", "great", "excellent", "wonderful", "amazing", "happy", "glad", "joy", "love", "loved", "lovely",
        "nice", "kind", "best", "better", "beautiful", "perfect", "pleased", "delighted", "fantastic", "brilliant",
        "helpful", "generous", "thank", "thanks", "thankful", "grateful", "gratitude", "appreciate", "appreciated",
        "blessed", "hope", "enjoy", "enjoyed", "fun", "proud", "warm", "win", "success", "calm", "fine",
    ]
)  # fmt: skip
NEGATIVE = frozenset(
    [
        "bad", "terrible", "awful", "horrible", "sad", "angry", "anger", "hate", "hated", "ugly", "worst", "worse",
        "poor", "wrong", "pain", "painful", "fear", "afraid", "furious", "annoyed", "sorry", "regret", "shame",
        "guilt", "cruel", "sick", "dead", "death", "fail", "failed", "failure", "lost", "cry", "crying", "upset",
        "mad", "rage", "unhappy", "miserable", "disgusting", "problem", "broken",
    ]
)  # fmt: skip
NEGATIONS = frozenset(
    [
        "not", "no", "never", "neither", "nor", "cannot", "without", "hardly", "n't", "don't", "isn't", "wasn't",
        "won't", "can't", "didn't",
    ]
)  # fmt: skip
POLITE = tuple(
    re.compile(rf"\b{marker}\b")
    for marker in (
        "please", r"thank(?:s| you)", "could you", "would you", "may i", "excuse me", "pardon", "kindly", "appreciate",
        "you're welcome", "sorry", "if you don't mind", "with respect", "sir", "madam",
    )
)  # fmt: skip

WORD_LISTS: dict[str, tuple[str, ...]] = {
    "gratitude": (
        "thank", "thanks", "thanked", "thanking", "thankful", "grateful", "gratefully", "gratitude", "appreciate",
        "appreciated", "appreciating", "appreciation", "blessed",
    ),
    "anger": ("angry", "anger", "furious", "fury", "rage", "outraged", "hate", "hatred", "annoyed", "mad", "livid"),
    "apology": (
        "sorry", "apologize", "apologized", "apology", "apologies", "regret", "regretted", "regretful", "forgive",
    ),
    "positive": tuple(sorted(POSITIVE)),
    "negative": tuple(sorted(NEGATIVE)),
}  # fmt: skip


def word_list(name: str, words: Iterable[str]) -> None:
    """Declare words for `keyword_count`, or put others under a name that is there."""
    chosen = tuple(dict.fromkeys(word.lower() for word in words))
    if not chosen:
        raise ClaimsError(f"word_list({name!r}): it has no words.")
    WORD_LISTS[name] = chosen


def words_in(name: str) -> tuple[str, ...]:
    """The words of a declared list."""
    if name not in WORD_LISTS:
        raise ClaimsError(
            f"there is no list of words {name!r}{nearest(name, WORD_LISTS)}; there are {listing(WORD_LISTS)}. "
            f"Declare one: word_list({name!r}, [...])."
        )
    return WORD_LISTS[name]


def words_of(text: str) -> list[str]:
    """Lower-case words, apostrophes kept."""
    return re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower())


def sentiment_of(text: str) -> float:
    """(1 + balance) / 2, the balance being positive minus negative words over both; a negation turns the next two words."""
    good = bad = 0
    turned = 0
    for word in words_of(text):
        if word in NEGATIONS:
            turned = 3
        if word in POSITIVE or word in NEGATIVE:
            positive = (word in POSITIVE) != (turned > 0)
            good, bad = good + positive, bad + (not positive)
        turned = max(0, turned - 1)
    return 0.5 if good + bad == 0 else (1 + (good - bad) / (good + bad)) / 2
