"""The sentence a user reads: what was asked, what there is, what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class ClaimsError(Exception):
    """Something the user wrote cannot be used; the message is the whole story, no traceback of ours is shown."""


class MisuseError(ClaimsError, TypeError):
    """An operation that a value does not have, on purpose; the message says what to write instead."""


class NotRunError(ClaimsError):
    """A measurement cannot be made here (weights, hardware or table rows are absent); the message says the way out."""


def listing(names: Iterable[object], limit: int = 12) -> str:
    """`a, b, c and 4 more`: what there is, short enough for a sentence."""
    words = [str(name) for name in names]
    if not words:
        return "nothing"
    shown = ", ".join(words[:limit])
    return shown if len(words) <= limit else f"{shown} and {len(words) - limit} more"


def nearest(word: object, names: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or nothing when no name is near."""
    found = get_close_matches(str(word), list(names), n=1, cutoff=0.6)
    return f" (did you mean {found[0]!r}?)" if found else ""
