"""Recorded measurements: the long table `model, metric, condition, example, cluster, value` as a source of numbers."""

from causal_claims.recorded.reading import read_measurements
from causal_claims.recorded.recorded import Recorded
from causal_claims.recorded.writing import write_measurements

__all__ = ["Recorded", "read_measurements", "write_measurements"]
