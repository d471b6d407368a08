"""The values of options as they stand in a spelling: `how=mean` in `ablate(L27.H11, how=mean)`."""

import math

Value = str | int | float | bool


def spellable(value: object) -> bool:
    """Whether an option's value can stand in a spelling, `ablate(L27.H11, how=mean)`, and be read back."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, bool | int) or (
        isinstance(value, str)
        and bool(value)
        and value == value.strip()
        and value.isprintable()
        and not set(value) & set("(),=")
        and " + " not in value
        and " on " not in value
    )


def literal(text: str, like: Value | None = None) -> Value:
    """The option's value that prints as `text`; of the same type as its default, where that is known."""
    if isinstance(like, str):
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {"True": True, "False": False}.get(text, text)
