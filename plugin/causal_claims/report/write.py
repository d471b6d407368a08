"""All reports of a ledger, written whole into a folder."""

from __future__ import annotations

from pathlib import Path

from causal_claims.ledger import write_whole
from causal_claims.report.badge import badges
from causal_claims.report.markdown import markdown
from causal_claims.report.page import Sources, render_page


def write_reports(sources: Sources, folder: Path, page: Path | None = None) -> list[Path]:
    """`claims.html`, `claims.md` and a badge per model; the files written."""
    files = {page or folder / "claims.html": render_page(sources), folder / "claims.md": markdown(sources.ledger)}
    for model, text in badges(sources.ledger).items():
        files[folder / "badges" / f"{model.replace('/', '_')}.json"] = text
    for path, text in files.items():
        write_whole(path, text)
    return list(files)
