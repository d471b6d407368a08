"""How far an effect may shift before it counts: the claim's own margin, and three times what the instrument does alone."""

from __future__ import annotations

from causal_claims.errors import NotRunError
from causal_claims.gate.followed import Followed
from causal_claims.gate.run import Run
from causal_claims.gate.shift import Margin, mean_shift, spread
from causal_claims.ledger import Record

NOISE_FACTOR = 3.0
OF_THE_SPREAD = 0.25  # of a standard deviation over examples: the margin at which statistics.md tabulates the gate


def margin_of(old: Run, again: Run | None, what: Followed, before: Record, now: Record) -> Margin:
    """The largest of the claim's margin, three A/A shifts, and the noise floor that either run has measured.

    A claim that has no margin in units of its metric may shift by a quarter of its spread over examples.
    """
    if what.margin:
        found = Margin(what.margin, "the claim's margin")
    else:
        found = Margin(OF_THE_SPREAD * spread(old, what), "a quarter of the spread over examples")
    floors = [one.noise_floor for one in (before, now) if one.noise_floor]
    if floors and max(floors) > found.size:
        found = Margin(max(floors), "the noise floor")
    if again is not None:
        try:
            noise = NOISE_FACTOR * mean_shift(old, again, what)
        except NotRunError:  # the A/A run lacks this claim's cells
            noise = 0.0
        if noise > found.size:
            found = Margin(noise, "three times the A/A shift")
    return found
