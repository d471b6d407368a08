"""Checks on the design and on the data, made before any verdict; each is a function that returns what it saw."""
