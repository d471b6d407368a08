"""The gate: two runs of the same claims compared, example by example, and many of them told as a history."""
