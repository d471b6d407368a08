"""The command `causal-claims`: what one wants to know of claims without running them, and of ledgers afterwards."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from causal_claims.cli import (
    baseline,
    cache,
    calibrate,
    check,
    doctor,
    gate,
    heads,
    judge,
    list_,
    merge,
    new,
    plan,
    plant,
    prose,
    render,
    show,
    status,
    watch,
)
from causal_claims.errors import ClaimsError

_COMMANDS = (
    list_,
    show,
    plan,
    doctor,
    heads,
    judge,
    calibrate,
    new,
    gate,
    merge,
    baseline,
    status,
    prose,
    check,
    watch,
    render,
    plant,
    cache,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a mistake of the user is a sentence on stderr and exit code 4, as pytest's own."""
    parser = argparse.ArgumentParser(prog="causal-claims", description="Hold language models to published findings.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except ClaimsError as error:
        print(f"causal-claims {arguments.command}: {error}", file=sys.stderr)
        return 4
    except BrokenPipeError:
        return 0
