"""The kinds, one file each: a function that makes the claim, and the rule that decides it."""
