"""Planted models: small real checkpoints whose circuit was put there, so that the right verdict is known."""
