"""What all tests share."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))  # tests/suite.py and its neighbours

settings.register_profile("suite", deadline=None, derandomize=True)  # machines are shared: no example is timed
settings.load_profile("suite")
