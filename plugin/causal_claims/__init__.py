"""Research findings about a language model's heads, as pytest claims with statistical verdicts."""
