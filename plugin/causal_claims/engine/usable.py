"""Which rows of a set a model's tokenizer can carry, and what is wrong with the others.

A row is left out for every condition alike, so that all cells of a metric lie on the same rows.
"""

from causal_claims.engine.loading import Loaded
from causal_claims.engine.tokens import Tokens
from causal_claims.errors import ClaimsError, listing
from causal_claims.examples import Example, ExampleSet
from causal_claims.metrics.metric import Metric
from causal_claims.sites import LOGITS


def usable(loaded: Loaded, metric: Metric, data: ExampleSet) -> tuple[ExampleSet, dict[str, str]]:
    """The rows that can be measured, and facts of them for the record."""
    tokens = loaded.tokens
    fields = metric.spec.tokens if metric.spec is not None else ()
    unfit = {one.id: why for one in data.examples if (why := _unfit(tokens, one, fields))}
    if fields:
        unfit |= _odd_pairs(tokens, [one for one in data.examples if one.id not in unfit])
    kept = tuple(one for one in data.examples if one.id not in unfit)
    facts: dict[str, str] = {}
    if unfit:
        first = next(iter(unfit))
        facts["left_out"] = f"{len(unfit)} of {len(data.examples)} rows, for this tokenizer: {first}: {unfit[first]}"
        if not kept:
            raise ClaimsError(
                f"{metric}: {loaded.spec.key}'s tokenizer can use no row of {data.name!r} ({facts['left_out']}). A logit belongs "
                "to one token: choose words that are one, or name the right tokenizer in models.yaml."
            )
        data = ExampleSet(data.name, kept)
    if "target" in fields and (told := [one for one in kept if _told(tokens, one)]):
        facts["leak"] = (
            f"the prompt of {len(told)} of {len(kept)} examples holds the answer, first {told[0].id!r}: {told[0].fields['target']!r}"
        )
    if LOGITS in metric.reads() and (late := [one for one in kept if tokens.padded(one.prompt)]):
        facts["read_after_padding"] = f"{len(late)} of {len(kept)} prompts end in padding, first {late[0].id!r}"
    return data, facts


def _unfit(tokens: Tokens, row: Example, fields: tuple[str, ...]) -> str | None:
    """Why this row cannot be used, or None."""
    if words := tokens.unknown(row.prompt):
        return f"its prompt has {listing(map(repr, words), 3)}, which the tokenizer does not know"
    found = []
    for name in fields:
        word, before = (row.prompt, "") if name == "prompt" else (row.fields[name], row.prompt)
        if tokens.unknown(word):
            return f"{name} {word!r} is not known to the tokenizer"
        if (one := tokens.one(word, before)) is None:
            return f"{name} {word!r} is {tokens.count(word)} tokens"
        found.append(one)
    if len(set(found)) < len(found):
        return f"{listing(fields)} are the same token"
    if fields and (corrupt := row.fields.get("corrupt")) and (words := tokens.unknown(corrupt)):
        return f"its corrupt prompt has {listing(map(repr, words), 3)}, which the tokenizer does not know"
    return None


def _odd_pairs(tokens: Tokens, rows: list[Example]) -> dict[str, str]:
    """Rows whose corrupt prompt has another length here, where most of the set are pairs of one length."""
    pairs = [one for one in rows if one.fields.get("corrupt")]
    lengths = {one.id: (tokens.count(one.prompt), tokens.count(one.fields["corrupt"])) for one in pairs}
    odd = {
        name: f"it has {own} tokens and its corrupt prompt {other}"
        for name, (own, other) in lengths.items()
        if own != other
    }
    return odd if 2 * len(odd) < len(lengths) else {}


def _told(tokens: Tokens, row: Example) -> bool:
    """Whether the prompt gives the answer away.

    Not where the foil stands in it too, and not where the task is to find the answer in the prompt: field `needle`.
    """
    if "needle" in row.fields:
        return False
    prompt = tokens.prompt(row.prompt, f"example {row.id!r}")
    target, foil = (tokens.one(row.fields.get(name, ""), row.prompt) for name in ("target", "foil"))
    return target in prompt and foil not in prompt
