"""All reports of a ledger, written whole into a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError
from causal_claims.ledger import write_whole
from causal_claims.report.badge import badges
from causal_claims.report.markdown import markdown
from causal_claims.report.page import Sources, render_page

CERTIFICATE = "calibration.json"


def write_reports(sources: Sources, folder: Path, page: Path | None = None) -> list[Path]:
    """`claims.html`, `claims.md` and a badge per model; the files written."""
    files = {page or folder / "claims.html": render_page(sources), folder / "claims.md": markdown(sources.ledger)}
    for model, text in badges(sources.ledger).items():
        files[folder / "badges" / f"{model.replace('/', '_')}.json"] = text
    for path, text in files.items():
        write_whole(path, text)
    return list(files)


def read_certificate(path: Path) -> Mapping[str, Any] | None:
    """A calibration certificate, where there is one."""
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ClaimsError(
            f"{path} is no certificate: {error}; make it again with `causal-claims calibrate --json {path}`."
        ) from None
    if not isinstance(found, dict) or not isinstance(found.get("rates"), list):
        raise ClaimsError(f"{path} is no certificate; make one with `causal-claims calibrate --json {path}`.")
    return found
