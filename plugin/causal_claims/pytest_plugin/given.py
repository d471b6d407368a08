"""What the command line gives, and the ini file where it gives nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from causal_claims.pytest_plugin import values
from causal_claims.pytest_plugin.options import INI
from causal_claims.pytest_plugin.place import from_here, from_root


class Given:
    """The text of an option, by its name without `--claims-`."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def __call__(self, name: str) -> str | None:
        """As it stands on the command line."""
        value: str | None = self._config.getoption(f"--claims-{name}")
        return value

    def named(self, name: str) -> str | None:
        """The same; an empty one is refused."""
        value = self(name)
        if value is not None and not value.strip():
            raise values.refuse(name, value, "this is empty; give a value, or leave the option out")
        return value

    def or_ini(self, name: str, default: str = "") -> str:
        """The option, else its ini key, else the default."""
        if (value := self(name)) is not None:
            return value
        key = f"claims_{name.replace('-', '_')}"
        return (str(self._config.getini(key)) if key in INI else "") or default

    def setting(self, name: str) -> str:
        """Of an option that has a value always."""
        return self.named(name) or str(self._config.getini(f"claims_{name}")) or INI[f"claims_{name}"]

    def path(self, name: str) -> Path | None:
        text = self.named(name)
        return from_here(self._config, text) if text is not None else None

    def folder(self, name: str) -> Path | None:
        """From the root directory; None for off."""
        text = self.setting(name)
        return None if text == "off" else from_root(self._config, text)
