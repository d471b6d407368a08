"""What all tests share."""

from hypothesis import settings

settings.register_profile("suite", deadline=None, derandomize=True)  # machines are shared: no example is timed
settings.load_profile("suite")
