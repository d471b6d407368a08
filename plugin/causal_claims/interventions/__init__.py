"""What is done at sites: declarations only, no torch.  `ablate(Head(27, 11))` is a value that prints as it is written."""

from causal_claims.interventions import catalogue

__all__ = ["catalogue"]
