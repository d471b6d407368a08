"""A small offline lexicon: coarse, but with known labels, and the same everywhere."""

import re

POSITIVE = frozenset(
    [
        "good",
        "great",
        "excellent",
        "wonderful",
        "amazing",
        "happy",
        "glad",
        "joy",
        "love",
        "loved",
        "lovely",
        "nice",
        "kind",
        "best",
        "better",
        "beautiful",
        "perfect",
        "pleased",
        "delighted",
        "fantastic",
        "brilliant",
        "helpful",
        "generous",
        "thank",
        "thanks",
        "thankful",
        "grateful",
        "gratitude",
        "appreciate",
        "appreciated",
        "blessed",
        "hope",
        "enjoy",
        "enjoyed",
        "fun",
        "proud",
        "warm",
        "win",
        "success",
        "calm",
        "fine",
    ]
)
NEGATIVE = frozenset(
    [
        "bad",
        "terrible",
        "awful",
        "horrible",
        "sad",
        "angry",
        "anger",
        "hate",
        "hated",
        "ugly",
        "worst",
        "worse",
        "poor",
        "wrong",
        "pain",
        "painful",
        "fear",
        "afraid",
        "furious",
        "annoyed",
        "sorry",
        "regret",
        "shame",
        "guilt",
        "cruel",
        "sick",
        "dead",
        "death",
        "fail",
        "failed",
        "failure",
        "lost",
        "cry",
        "crying",
        "upset",
        "mad",
        "rage",
        "unhappy",
        "miserable",
        "disgusting",
        "problem",
        "broken",
    ]
)
NEGATIONS = frozenset(
    [
        "not",
        "no",
        "never",
        "neither",
        "nor",
        "cannot",
        "without",
        "hardly",
        "n't",
        "don't",
        "isn't",
        "wasn't",
        "won't",
        "can't",
        "didn't",
    ]
)
POLITE = tuple(
    re.compile(rf"\b{marker}\b")
    for marker in (
        "please", r"thank(?:s| you)", "could you", "would you", "may i", "excuse me", "pardon", "kindly", "appreciate",
        "you're welcome", "sorry", "if you don't mind", "with respect", "sir", "madam",
    )
)  # fmt: skip


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
