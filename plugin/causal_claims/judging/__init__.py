"""From a claim and its measurements to a verdict: guards on the design and the numbers, then the kind's own rule."""
