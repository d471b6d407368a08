"""What claims run on."""

pytest_plugins = ["fixtures.prompts", "fixtures.pairs", "fixtures.reports", "fixtures.published"]
