"""What importing the procedures costs."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources

FILES = sorted(
    entry.name.removesuffix(".py")
    for entry in resources.files("causal_claims.statistics").iterdir()
    if entry.name.endswith(".py") and entry.name != "__init__.py"
)
PROGRAM = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(f"causal_claims.statistics.{name}")
print([m for m in ("scipy.stats", "scipy.optimize", "torch") if m in sys.modules])
print([m for m in sys.modules if m.startswith("causal_claims.") and not m.startswith("causal_claims.statistics")])
"""


def test_no_procedure_imports_slow_modules_or_other_rooms() -> None:
    """scipy.stats and scipy.optimize take a quarter of a second each; the rest of the package stays out."""
    run = subprocess.run([sys.executable, "-c", PROGRAM, *FILES], capture_output=True, text=True, check=True)

    assert run.stdout.split("\n")[:2] == ["[]", "[]"]
