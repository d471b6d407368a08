"""Plain functions on numpy arrays that return named results; each file is one idea and imports alone.

Use them by file: `from causal_claims.statistics import mean, binary`.  Everything is float64 and deterministic;
whatever draws random numbers takes an explicit integer seed; nothing is rounded.
"""
