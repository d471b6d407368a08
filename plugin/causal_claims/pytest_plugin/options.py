"""Options and ini keys, and whether this run has anything to do with claims."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from causal_claims.pytest_plugin.session import ClaimsSession

SESSION: pytest.StashKey[ClaimsSession] = pytest.StashKey()
_INCONCLUSIVE = ("fail", "skip")
_REGISTRY = "models.yaml"
_HELP = {
    "measurements": "give a table of recorded numbers (parquet, CSV or JSON lines)", "inconclusive": "it is fail or skip",
    "reports": "give a folder, or off", "cache": "give a folder, or off", "device": "write auto, cpu or cuda",
    "confidence": "give a number between 0.5 and 1, e.g. 0.95", "memory": "give a number above 0",
    "examples": "give a whole number of at least 1", "baseline": "give a baseline's name or a path", "save": "give a name",
}  # fmt: skip
_BACKENDS = ("fast", "reference")
_DTYPES = ("float32", "float16", "bfloat16", "auto")


@dataclass(frozen=True)
class Settings:
    """What the command line and the ini file say."""

    models: Path
    overrides: tuple[str, ...]
    heads: tuple[tuple[str, Path], ...]
    measurements: Path | None
    inconclusive: str
    reports: Path | None
    confidence: float
    plan: bool
    gate: bool
    stand_in: str | None
    backend: str
    device: str
    dtype: str | None
    cache: Path | None
    memory_gb: float
    examples: int | None
    html: Path | None
    summary: Path | None
    margins: tuple[tuple[str, float], ...]
    baseline: str | None
    baselines: Path
    save: str | None
    fail_on: tuple[str, ...]
    not_run: str


def add(parser: pytest.Parser) -> None:
    group = parser.getgroup("claims", "causal claims")
    group.addoption(
        "--claims-measurements",
        metavar="FILE",
        help="judge from recorded numbers (parquet, CSV or JSON lines); no model is loaded",
    )
    group.addoption(
        "--claims-model",
        action="append",
        default=[],
        metavar="KEY=PATH_OR_ID[@REV]",
        help="a checkpoint in the place of a key of models.yaml",
    )
    group.addoption(
        "--claims-heads",
        action="append",
        default=[],
        metavar="KEY=FILE",
        help="the heads that claims on a model are about, instead of finding them (causal-claims heads writes such a file)",
    )
    group.addoption(
        "--claims-inconclusive", metavar="fail|skip", help="what an INCONCLUSIVE claim does to its test (default: fail)"
    )
    group.addoption(
        "--claims-reports", metavar="DIR|off", help="where the ledger and the reports go (default: reports)"
    )
    group.addoption(
        "--claims-stand-in",
        nargs="?",
        const="in_place",
        metavar="VARIANT",
        help="run on planted stand-ins instead of the real models; every line and file then says so",
    )
    group.addoption("--claims-backend", metavar="fast|reference", help="how to measure (default: fast)")
    group.addoption(
        "--claims-device", metavar="DEVICE", help="cpu, cuda, cuda:1, ... (default: cuda where there is one)"
    )
    group.addoption(
        "--claims-dtype", metavar="DTYPE", help="float32, bfloat16, float16 or auto, instead of models.yaml's"
    )
    group.addoption("--claims-cache", metavar="DIR|off", help="the store of measured cells (default: .claims-cache)")
    group.addoption("--claims-memory", metavar="GB", help="what passes may hold beside the weights (default: 4)")
    group.addoption("--claims-examples", metavar="N", help="only the first N examples of each set: a smoke run")
    group.addoption(
        "--claims-html", metavar="PATH", help="where the page goes (default: claims.html among the reports)"
    )
    group.addoption(
        "--claims-summary", metavar="PATH", help="add the Markdown summary to this file (default: $GITHUB_STEP_SUMMARY)"
    )
    group.addoption("--claims-confidence", metavar="P", help="confidence of the decision intervals (default: 0.95)")
    group.addoption(
        "--claims-margin", action="append", default=[], metavar="ID=VALUE", help="judge one claim with another margin"
    )
    group.addoption("--claims-plan", action="store_true", help="print what would be measured; measure nothing")
    group.addoption(
        "--claims-gate", action="store_true", help="be a gate: NOT RUN is an error, an incomplete run exits 11"
    )
    group.addoption(
        "--claims-baseline",
        metavar="NAME|PATH",
        help="compare with a kept run, example by example; a regression exits 10",
    )
    group.addoption(
        "--claims-save",
        metavar="NAME",
        help="keep this run as a baseline; NAME:again keeps it as that baseline's A/A run",
    )
    group.addoption(
        "--claims-fail-on",
        metavar="WORDS",
        help="with --claims-gate, what stops a checkpoint beside a regression (default: gone,incomparable,not-run,failed)",
    )
    group.addoption(
        "--claims-not-run",
        metavar="skip|error",
        help="what a claim that could not be run does (default: skip; a gate: error)",
    )
    parser.addini("claims_models", "the model registry, from the root directory", type="string", default=_REGISTRY)
    parser.addini("claims_inconclusive", "as --claims-inconclusive", type="string", default="fail")
    parser.addini("claims_reports", "as --claims-reports", type="string", default="reports")
    parser.addini("claims_cache", "as --claims-cache", type="string", default=".claims-cache")
    parser.addini("claims_device", "as --claims-device", type="string", default="auto")
    parser.addini("claims_baselines", "where baselines are kept", type="string", default="reports/baselines")
    parser.addini("claims_fail_on", "as --claims-fail-on", type="string", default="")
    parser.addini("claims_not_run", "as --claims-not-run", type="string", default="")
    parser.addini("claims_confidence", "as --claims-confidence", type="string", default="0.95")


def in_use(config: pytest.Config) -> bool:
    """Whether claims are part of this run: an option of ours is given, or the root directory has a model registry."""
    option = config.option
    if session_in(config) is not None:
        return True
    given = (value for name, value in vars(option).items() if name.startswith("claims_"))
    if any(value not in (None, False, []) for value in given) or hasattr(config, "workerinput"):
        return True
    registry = str(config.getini("claims_models"))
    return registry != _REGISTRY or (root(config) / registry).is_file()


def settings(config: pytest.Config) -> Settings:
    """All settings, checked; a wrong one ends the run with a sentence and exit code 4."""
    get = config.getoption
    for name in (
        "measurements",
        "inconclusive",
        "reports",
        "cache",
        "device",
        "confidence",
        "memory",
        "examples",
        "baseline",
        "save",
    ):
        if get(f"--claims-{name}") == "":
            raise pytest.UsageError(f"--claims-{name} is empty; {_HELP[name]}.")
    inconclusive = get("--claims-inconclusive") or str(config.getini("claims_inconclusive"))
    if inconclusive not in _INCONCLUSIVE:
        raise pytest.UsageError(f"--claims-inconclusive={inconclusive}: it is one of {', '.join(_INCONCLUSIVE)}.")
    backend, dtype = get("--claims-backend") or "fast", get("--claims-dtype")
    if backend not in _BACKENDS:
        raise pytest.UsageError(f"--claims-backend={backend}: it is one of {', '.join(_BACKENDS)}.")
    if dtype is not None and dtype not in _DTYPES:
        raise pytest.UsageError(f"--claims-dtype={dtype}: it is one of {', '.join(_DTYPES)}.")
    device = get("--claims-device") or str(config.getini("claims_device"))
    if not re.fullmatch(r"[a-z]+(:\d+)?", device):
        raise pytest.UsageError(f"--claims-device={device}: write auto, cpu, cuda, cuda:1 or the like.")
    models = root(config) / str(config.getini("claims_models"))
    if str(config.getini("claims_models")) != _REGISTRY and not models.is_file():
        raise pytest.UsageError(f"claims_models={config.getini('claims_models')}: there is no file {models}.")
    reports = get("--claims-reports") or str(config.getini("claims_reports"))
    measurements = get("--claims-measurements")
    summary = get("--claims-summary") or os.environ.get("GITHUB_STEP_SUMMARY")
    cache = get("--claims-cache") or str(config.getini("claims_cache"))
    return Settings(
        models=models,
        overrides=tuple(get("--claims-model")),
        heads=tuple(_heads(config, text) for text in get("--claims-heads")),
        measurements=_path(config, measurements) if measurements else None,
        inconclusive=inconclusive,
        reports=None if reports == "off" else _folder(_path(config, reports, root(config))),
        confidence=_fraction(get("--claims-confidence") or str(config.getini("claims_confidence"))),
        plan=bool(get("--claims-plan")),
        gate=bool(get("--claims-gate")),
        stand_in=get("--claims-stand-in"),
        backend=backend,
        device=device,
        dtype=dtype,
        cache=None if cache == "off" else _path(config, cache, root(config)),
        memory_gb=_positive("--claims-memory", get("--claims-memory") or "4"),
        examples=_whole("--claims-examples", get("--claims-examples")),
        html=_path(config, get("--claims-html")) if get("--claims-html") else None,
        summary=_path(config, summary) if summary else None,
        margins=tuple(_margin(text) for text in get("--claims-margin")),
        baseline=get("--claims-baseline"),
        baselines=_path(config, str(config.getini("claims_baselines")), root(config)),
        save=get("--claims-save"),
        fail_on=_fail_on(get("--claims-fail-on") or str(config.getini("claims_fail_on"))),
        not_run=_not_run(get("--claims-not-run") or str(config.getini("claims_not_run")), bool(get("--claims-gate"))),
    )


def root(config: pytest.Config) -> Path:
    """The root directory, as pytest finds it but for one thing: to pytest the value in `--claims-measurements FILE` is
    one of the paths to test, and moves the root directory to wherever the table lies.
    """
    inside = all(
        (config.invocation_params.dir / arg.partition("::")[0]).resolve().is_relative_to(config.rootpath.resolve())
        for arg in config.args
    )
    return config.rootpath if inside and config.inipath is not None else config.invocation_params.dir


def session_in(config: pytest.Config) -> ClaimsSession | None:
    return config.stash.get(SESSION, None)


# pytest_runtest_logreport is given no config: the plugin keeps the sessions of this process, the innermost last.
_SESSIONS: list[tuple[pytest.Config, Any]] = []


def remember(config: pytest.Config, session: ClaimsSession) -> None:
    config.stash[SESSION] = session
    _SESSIONS.append((config, session))


def current() -> ClaimsSession | None:
    return _SESSIONS[-1][1] if _SESSIONS else None


def forget(config: pytest.Config) -> None:
    _SESSIONS[:] = [pair for pair in _SESSIONS if pair[0] is not config]


def _path(config: pytest.Config, text: str, base: Path | None = None) -> Path:
    path = Path(text).expanduser()
    return path if path.is_absolute() else (base or config.invocation_params.dir) / path


def _folder(path: Path) -> Path:
    if any(place.exists() and not place.is_dir() for place in (path, *path.parents)):
        raise pytest.UsageError(f"--claims-reports={path}: this is a file, or lies in one; give a folder, or off.")
    return path


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0.5 < value < 1:
        raise pytest.UsageError(f"--claims-confidence={text}: give a number between 0.5 and 1, e.g. 0.95.")
    return value


def _positive(option: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < float("inf"):
        raise pytest.UsageError(f"{option}={text}: give a number above 0.")
    return value


def _whole(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise pytest.UsageError(f"{option}={text}: give a whole number of at least 1.")
    return int(text)


def _margin(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        margin = float(value)
    except ValueError:
        margin = float("nan")
    if not name or not math.isfinite(margin):
        raise pytest.UsageError(f"--claims-margin {text!r}: write ID=VALUE, e.g. S0-1=0.05.")
    return name, margin


def _heads(config: pytest.Config, text: str) -> tuple[str, Path]:
    key, _, where = text.partition("=")
    if not key or not where or not _path(config, where).is_file():
        why = f"there is no file {where}" if where else "write KEY=FILE"
        raise pytest.UsageError(f"--claims-heads {text!r}: {why}, e.g. llama_3_8b_instruct=retrieval_heads.json.")
    return key, _path(config, where)


def _fail_on(text: str) -> tuple[str, ...]:
    from causal_claims.errors import ClaimsError
    from causal_claims.gate.compare import DEFAULT_FAIL_ON, parse_fail_on

    try:
        return parse_fail_on(text) if text else DEFAULT_FAIL_ON
    except ClaimsError as error:
        raise pytest.UsageError(f"--claims-fail-on: {error}") from None


def _not_run(text: str, gate: bool) -> str:
    if text not in ("", "skip", "error"):
        raise pytest.UsageError(f"--claims-not-run={text}: it is one of skip, error.")
    return text or ("error" if gate else "skip")
