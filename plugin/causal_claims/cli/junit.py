"""JUnit files of shards as one: every test case kept, counts added up, suite properties of the merged run."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from causal_claims.errors import ClaimsError

_COUNTS = ("errors", "failures", "skipped", "tests")


def merge_junit(files: Sequence[Path], run: Mapping[str, Any]) -> bytes:
    if not files:
        raise ClaimsError("merge --junitxml: give the shards' files, too: --junit shard-1.xml shard-2.xml ...")
    suites = [suite for path in files for suite in _suites(path)]
    merged = ET.Element("testsuite", name="pytest")
    for name in _COUNTS:
        merged.set(name, str(sum(int(one.get(name, "0")) for one in suites)))
    merged.set("time", f"{sum(float(one.get('time', '0')) for one in suites):.3f}")
    merged.set("timestamp", min(one.get("timestamp", "") for one in suites))
    merged.set("hostname", ",".join(sorted({one.get("hostname", "") for one in suites})))
    properties = ET.SubElement(merged, "properties")
    facts = {f"claims.{outcome.lower().replace(' ', '_')}": count for outcome, count in run["outcomes"].items()}
    facts |= {f"claims.{name}": run[name] for name in ("date", "commit", "confidence") if run.get(name) is not None}
    facts |= {f"claims.incomplete.{i}": sentence for i, sentence in enumerate(run["incomplete"], 1)}
    for name, value in facts.items():
        ET.SubElement(properties, "property", name=name, value=str(value))
    cases = [case for suite in suites for case in suite.iter("testcase")]
    merged.extend(sorted(cases, key=lambda case: (case.get("classname", ""), case.get("name", ""))))
    whole = ET.Element("testsuites", name="pytest tests")
    whole.append(merged)
    return bytes(ET.tostring(whole, encoding="utf-8", xml_declaration=True))


def _suites(path: Path) -> list[ET.Element]:
    try:
        return list(ET.parse(path).getroot().iter("testsuite"))
    except OSError as error:
        raise ClaimsError(f"merge --junit {path}: it cannot be read: {error.strerror}.") from None
    except ET.ParseError as error:
        raise ClaimsError(f"merge --junit {path}: it is no XML: {error}.") from None
