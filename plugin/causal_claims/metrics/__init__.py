"""From one example's run to one number: declarations with their range and the sites they read, no torch."""
