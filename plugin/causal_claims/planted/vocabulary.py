"""A word-level tokenizer built from the examples' own texts, so the same prompts run on stand-in and real model."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any

from causal_claims.errors import ClaimsError
from causal_claims.examples import Example, examples

SETS = (
    "recursive", "plain", "gratitude", "anger", "apology", "neutral", "facts", "negation", "counterfactual", "logic",
    "reports",
)  # fmt: skip
MODULES = ("fixtures.prompts", "fixtures.pairs", "fixtures.reports", "fixtures.words")
BOS, EOS, UNKNOWN, END = "<s>", "</s>", "<unk>", "<|endoftext|>"
SPECIAL = (BOS, EOS, UNKNOWN, END)


@dataclass(frozen=True)
class Vocabulary:
    """Every piece of the texts, as GPT-2's byte-level pre-tokenizer cuts them; " Paris" is one token."""

    pieces: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pieces)

    @cached_property
    def ids(self) -> dict[str, int]:
        return {piece: number for number, piece in enumerate(self.pieces)}

    def find(self, words: Iterable[str]) -> list[int]:
        """Ids of words written with their leading space; a word that is not there is left out."""
        known = self.ids
        return [known[piece] for word in words if (piece := word.replace(" ", "Ġ").replace("\n", "Ċ")) in known]


def texts(name: str) -> tuple[Example, ...]:
    """The examples of a set the planted models are built for."""
    for module in MODULES:
        try:
            import_module(module)
        except ImportError as error:
            raise ClaimsError(
                f"planted models are built from the texts of {', '.join(SETS)}, and {module} cannot be imported "
                f"({error}); run in the folder that holds fixtures/."
            ) from None
    return examples(name).examples


def word_list(name: str) -> Any:
    """HEDGES, BOOSTERS or KEYWORDS of the fixtures."""
    texts(SETS[0])
    return getattr(import_module("fixtures.words"), name)


@cache
def vocabulary() -> Vocabulary:
    """All pieces of all texts, in alphabetical order after the special tokens."""
    cut = _byte_level()
    found: set[str] = set()
    for name in SETS:
        for row in texts(name):
            for text in (row.prompt, *(row.fields.get(k, "") for k in ("corrupt", "target", "foil"))):
                found.update(piece for piece, _ in cut.pre_tokenize_str(text))
            if value := row.fields.get("value"):
                found.update(piece for piece, _ in cut.pre_tokenize_str(f" {value}. {value}"))
    for word in (
        *word_list("HEDGES"),
        *word_list("BOOSTERS"),
        *(w for ws in word_list("KEYWORDS").values() for w in ws),
    ):
        found.add(f"Ġ{word}")
    found.add("Ġunknown")
    return Vocabulary((*SPECIAL, *sorted(found)))


@cache
def tokenizer(architecture: str) -> Any:
    """The vocabulary as an ordinary fast tokenizer; Mistral's and Llama's put <s> in front of every text."""
    from tokenizers import Tokenizer, decoders, models, processors
    from transformers import PreTrainedTokenizerFast

    words = vocabulary()
    raw = Tokenizer(models.WordLevel(words.ids, unk_token=UNKNOWN))
    raw.pre_tokenizer = _byte_level()
    raw.decoder = decoders.ByteLevel()
    begins = architecture in ("mistral", "llama")
    if begins:
        raw.post_processor = processors.TemplateProcessing(
            single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B", special_tokens=[(BOS, words.ids[BOS])]
        )
    bos, eos = (BOS, EOS) if begins else (END, END)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=raw, bos_token=bos, eos_token=eos, unk_token=UNKNOWN, pad_token=eos,
        padding_side="left", clean_up_tokenization_spaces=False,
    )  # fmt: skip


def _byte_level() -> Any:
    from tokenizers import pre_tokenizers

    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
