"""Examples and cells that the engine's tests share."""

import random

from causal_claims.examples import Example, example_set
from checkpoints import WORDS


def prompts(seed: int, count: int = 7, low: int = 5, high: int = 13) -> list[Example]:
    """Random words; source prompts of the same length; a span; single-token answers."""
    draw, made = random.Random(seed), []
    for i in range(count):
        n = draw.randint(low, high)
        words, other = draw.choices(WORDS, k=n), draw.choices(WORDS, k=n)
        fields = {
            "target": " Paris",
            "foil": " Berlin",
            "corrupt": " ".join(other),
            "needle": words[2],
            "word": words[1],
            "value": "red",
        }
        made.append(Example(f"e{i}", " ".join(words), fields=fields))
    return made


@example_set("engine_mixed")
def mixed() -> list[Example]:
    return prompts(0)


@example_set("engine_words")
def words() -> list[Example]:
    return [Example(word, f" {word}") for word in WORDS[:10]]


@example_set("engine_many")
def many() -> list[Example]:
    return prompts(1, count=24)
