"""What the model says next: metrics of the logits at the prompt's last token, or at every token of it."""

import math
from typing import Any

from causal_claims.metrics.metric import metric


@metric(needs=("target", "foil"))
def logit_diff(run: Any) -> Any:
    """The logit of `target` minus that of `foil`."""
    pair = run.logit("target", "foil")  # rows x 2
    return pair[:, 0] - pair[:, 1]


@metric(needs=("target",))
def target_logit(run: Any) -> Any:
    return run.logit("target")


@metric(low=0, high=1, needs=("target",))
def p_target(run: Any) -> Any:
    """The probability of `target`."""
    return run.probability("target")


@metric(high=0, needs=("target",))
def log_p_target(run: Any) -> Any:
    return run.log_probability("target")


@metric(low=0, high=1, needs=("value",))
def value_first(run: Any) -> Any:
    """1 where the first token of `value` is the most probable one to come next: a match without writing the text."""
    return run.logits().argmax(-1) == run.first_token("value")


@metric(needs=("value",), scale=10.0)
def value_log_odds(run: Any) -> Any:
    """The log odds that the first token of `value` comes next: it moves with every change, where a match flips at once."""
    log_p = run.log_probabilities()
    first = run.first_token("value")[:, None]
    others = log_p.scatter(1, first, -math.inf).logsumexp(-1)
    return log_p.gather(1, first)[:, 0] - others


@metric(low=0, high=1, needs=("target",))
def top1(run: Any) -> Any:
    """1 where `target` is the most probable token; its mean is the accuracy."""
    return run.logits().argmax(-1) == run.token("target")


@metric(low=1, needs=("target",))
def rank(run: Any) -> Any:
    """The place of `target` among all tokens, the most probable being 1; ties count for it."""
    logits = run.logits()
    return (logits > logits.gather(1, run.token("target")[:, None])).sum(-1) + 1


@metric(low=0)
def kl(run: Any) -> Any:
    """Kullback-Leibler divergence of the run from the clean run, in nats."""
    clean, now = run.clean.log_probabilities(), run.log_probabilities()
    return (clean.exp() * (clean - now)).sum(-1).clamp(min=0)


@metric(low=0)
def entropy(run: Any) -> Any:
    """Of the next token, in nats."""
    log_p = run.log_probabilities()
    return -(log_p.exp() * log_p).nan_to_num().sum(-1)


@metric(low=0, positions="all")
def loss(run: Any) -> Any:
    """Mean negative log probability of the prompt's own tokens, in nats; NaN for a prompt of one token."""
    log_p, there = run.next_log_probabilities()  # rows x positions - 1
    count = there.sum(-1)
    return -(log_p * there).sum(-1) / count.where(count > 0, math.nan)
