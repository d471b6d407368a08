"""The card of a baseline: what is known of a kept run without opening its tables."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError, listing, nearest
from causal_claims.ledger import plain, write_whole
from causal_claims.verdicts import count

HOME = Path("reports/baselines")  # where they are kept, unless told otherwise
CARD = "baseline.json"


@dataclass(frozen=True)
class Baseline:
    """Name, dates, commit, checkpoints, and whether it may still be used."""

    name: str
    saved: str
    date: str | None
    commit: str | None
    checkpoints: dict[str, str | None]
    records: int
    because: str | None = None
    expires: str | None = None  # a day, as 2026-12-31; from then on it is refused
    replaced: str | None = None  # when the one before it was saved
    again: bool = False

    def expired(self, today: str | None = None) -> bool:
        return self.expires is not None and self.expires <= (today or date.today().isoformat())

    def __str__(self) -> str:
        models = ", ".join(f"{key}@{(at or 'unknown')[:12]}" for key, at in self.checkpoints.items())
        words = [
            f"{self.name}: {count(self.records, 'claim')} on {models or 'nothing'}, run {self.date or 'at an unknown date'}"
        ]
        words += [f"commit {self.commit[:12]}"] if self.commit else []
        words += ["with an A/A run"] if self.again else ["without an A/A run"]
        words += [f"{'expired' if self.expired() else 'expires'} {self.expires}"] if self.expires else []
        return ", ".join(words) + (f" ({self.because})" if self.because else "")


def cards(home: Path) -> list[Baseline]:
    """All that is kept, the newest first."""
    found = [read_card(home, path.parent.name) for path in home.glob(f"*/{CARD}")] if home.is_dir() else []
    return sorted(found, key=lambda one: one.saved, reverse=True)


def read_card(home: Path, name: str) -> Baseline:
    path = home / name / CARD
    try:
        body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Baseline(**{k: v for k, v in body.items() if k in Baseline.__dataclass_fields__})
    except OSError:
        kept = [one.parent.name for one in home.glob(f"*/{CARD}")] if home.is_dir() else []
        raise ClaimsError(
            f"there is no baseline {name!r}{nearest(name, kept)} in {home}; there {f'are {listing(sorted(kept))}' if kept else 'are none yet'}. "
            f"Keep a run with --claims-save {name}."
        ) from None
    except (ValueError, TypeError) as error:
        raise ClaimsError(f"{path} is damaged: {error}.") from None


def write_card(home: Path, card: Baseline) -> None:
    write_whole(home / card.name / CARD, json.dumps(plain(asdict(card)), indent=1) + "\n")
