"""The options and ini keys that the plugin adds to pytest: one line each."""

from __future__ import annotations

import pytest

REGISTRY = "models.yaml"

_VALUES = (  # name, metavar, help
    ("measurements", "FILE", "judge from recorded numbers (parquet, CSV or JSON lines); no model is loaded"),
    ("inconclusive", "fail|skip", "what an INCONCLUSIVE claim does to its test (default: fail; at a gate with a baseline: skip)"),
    ("not-run", "skip|error", "what a claim that could not be run does (default: skip; a gate: error)"),
    ("confidence", "P", "confidence of the decision intervals (default: 0.95)"),
    ("reports", "DIR|off", "where the ledger and the reports go (default: reports)"),
    ("html", "PATH", "where the page goes (default: claims.html among the reports)"),
    ("summary", "PATH", "add the Markdown summary to this file (default: $GITHUB_STEP_SUMMARY)"),
    ("backend", "fast|reference", "how to measure (default: fast)"),
    ("device", "DEVICE", "cpu, cuda, cuda:1, ... (default: cuda where there is one)"),
    ("dtype", "DTYPE", "float32, bfloat16, float16 or auto, instead of models.yaml's"),
    ("cache", "DIR|URL|off", "the store of measured cells: a folder, which many runs may share, or an object store, e.g. s3://bucket/prefix (default: .claims-cache)"),
    ("cache-size", "GB", "after the run, forget what was used longest ago until the store fits"),
    ("shard", "I/N|auto", "run the I-th of N shares (from 1), balanced by planned cost; auto takes I and N from a Kubernetes indexed job or a Slurm array; `causal-claims merge` joins them"),
    ("executor", "local|ray[://HOST:PORT]", "measure in this process, or by actors of a Ray cluster that all workers and runs share (default: local)"),
    ("actors", "N", "with Ray: how many actors hold a model at once (default: 1)"),
    ("memory", "GB", "what passes may hold beside the weights (default: 4)"),
    ("examples", "N", "only the first N examples of each set: a smoke run"),
    ("baseline", "NAME|PATH", "compare with a kept run, example by example; a regression exits 10"),
    ("save", "NAME", "keep this run as a baseline; NAME:again keeps it as that baseline's A/A run"),
    ("fail-on", "WORDS", "with --claims-gate, what stops a checkpoint beside a regression (default: gone,incomparable,not-run,failed)"),
)  # fmt: skip
_LISTS = (
    ("model", "KEY=PATH_OR_ID[@REV]", "a checkpoint in the place of a key of models.yaml"),
    (
        "heads",
        "KEY=FILE",
        "the heads that claims on a model are about, instead of finding them (causal-claims heads writes such a file)",
    ),
    ("margin", "ID=VALUE", "judge one claim with another margin"),
)
_FLAGS = (
    ("plan", "print what would be measured; measure nothing"),
    ("sequential", "look up to five times and stop measuring a claim once it is clear, the error kept (Lan-DeMets); rivals of `strongest` that are clearly weaker are dropped on the way"),
    ("gate", "be a gate: NOT RUN is an error, an incomplete run exits 11"),
)  # fmt: skip
INI = {  # key -> default
    "claims_models": REGISTRY,
    "claims_inconclusive": "",
    "claims_not_run": "",
    "claims_confidence": "0.95",
    "claims_reports": "reports",
    "claims_cache": ".claims-cache",
    "claims_cache_size": "",
    "claims_device": "auto",
    "claims_baselines": "reports/baselines",
    "claims_fail_on": "",
}
_WITHOUT_OPTION = {
    "claims_models": "the model registry, from the root directory",
    "claims_baselines": "where baselines are kept",
}


def add(parser: pytest.Parser) -> None:
    group = parser.getgroup("claims", "causal claims")
    for name, metavar, text in _VALUES:
        group.addoption(f"--claims-{name}", metavar=metavar, help=text)
    for name, metavar, text in _LISTS:
        group.addoption(f"--claims-{name}", action="append", default=[], metavar=metavar, help=text)
    for name, text in _FLAGS:
        group.addoption(f"--claims-{name}", action="store_true", help=text)
    group.addoption(
        "--claims-stand-in",
        nargs="?",
        const="in_place",
        metavar="VARIANT",
        help="run on planted stand-ins instead of the real models; every line and file then says so",
    )
    group.addoption(
        "--claims-scan",
        nargs="?",
        const="all",
        metavar="LAYERS",
        help="measure every other head alone, too (all layers, or e.g. 0-3,25), so that the gate can name the heads that "
        "take over; done once, with --claims-save; a gate measures the same heads only where a claim regressed",
    )
    for key, default in INI.items():
        option = f"as --claims-{key.removeprefix('claims_').replace('_', '-')}"
        parser.addini(key, _WITHOUT_OPTION.get(key, option), type="string", default=default)
