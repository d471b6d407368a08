"""Claims as values, the kinds that own a statistical rule each, and the judging of one against measurements."""
