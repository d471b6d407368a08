"""From one example's run to one number: declarations with their range and the sites they read, no torch."""

from causal_claims.metrics import attention, circuits, generated, logits, participation

__all__ = ["attention", "circuits", "generated", "logits", "participation"]
