"""Suite-level properties of the JUnit file, written by the controller, where workers' records have arrived."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from causal_claims.pytest_plugin.exit_status import of_gate
from causal_claims.pytest_plugin.session import ClaimsSession


def suite_properties(claims: ClaimsSession) -> None:
    if (xml := _file(claims)) is None or not claims.ledger.records:
        return
    run = claims.ledger.run
    for outcome, count in run["outcomes"].items():
        xml.add_global_property(f"claims.{outcome.lower().replace(' ', '_')}", count)
    for name in ("date", "commit", "confidence", "measurements"):
        if run[name] is not None:
            xml.add_global_property(f"claims.{name}", run[name])
    for package, number in run["versions"].items():
        xml.add_global_property(f"claims.version.{package}", number)
    if (found := claims.comparison) is not None:
        xml.add_global_property("claims.gate", found.summary)
        xml.add_global_property("claims.gate.exit_code", found.exit_code)
        for i, line in enumerate(found.lines, 1):
            xml.add_global_property(f"claims.gate.failed.{i}", line)


def gate_failures(claims: ClaimsSession) -> None:
    """A claim that regressed fails in the file, though its test may have passed: readers of JUnit see nothing else."""
    xml, found = _file(claims), claims.comparison
    if xml is None or found is None or of_gate(claims) == 0:
        return
    from _pytest.junitxml import bin_xml_escape

    lines = {f"{row.model} {row.id}": row.line for row in found.failures}
    shown: set[str] = set()
    for reporter in xml.node_reporters_ordered:
        case = reporter.to_xml()
        named = {one.get("name"): one.get("value") for one in case.iter("property")}
        line = lines.get(f"{named.get('claim.model')} {named.get('claim.id')}")
        if line is None:
            continue
        text = bin_xml_escape(line)
        shown.add(line)
        told = next((one for one in case if one.tag in ("failure", "error")), None)
        if told is None:
            was = case.find("skipped")
            if was is not None:
                case.remove(was)
            xml.stats["passed" if was is None else "skipped"] -= 1
            told = ET.SubElement(case, "failure", message="")
            xml.stats["failure"] += 1
        told.set("message", f"{text} | {told.get('message')}" if told.get("message") else text)
        told.text = f"{text}\n{told.text or ''}"
    for line in (one for one in found.lines if one not in shown):  # a claim that is gone has no test of its own
        name = bin_xml_escape(line.partition(":")[0])
        reporter = xml.node_reporter(f"gate::{name}")
        reporter.attrs = {"classname": "gate", "name": name}
        failure = ET.Element("failure", message=bin_xml_escape(line))
        failure.text = bin_xml_escape(line)
        reporter.append(failure)  # counts it, too


def _file(claims: ClaimsSession) -> Any:
    """pytest's JUnit file, where one is asked for; by a private name: without it every test still has its own properties."""
    try:
        from _pytest.junitxml import xml_key
    except ImportError:
        return None
    return claims.config.stash.get(xml_key, None)
