"""Suite-level properties of the JUnit file, written by the controller, where workers' records have arrived."""

from __future__ import annotations

from causal_claims.pytest_plugin.session import ClaimsSession


def suite_properties(claims: ClaimsSession) -> None:
    try:
        from _pytest.junitxml import xml_key
    except ImportError:  # a private name: without it the suite has no properties, and every test still has its own
        return
    xml = claims.config.stash.get(xml_key, None)
    if xml is None or not claims.ledger.records:
        return
    run = claims.ledger.run
    for outcome, count in run["outcomes"].items():
        xml.add_global_property(f"claims.{outcome.lower().replace(' ', '_')}", count)
    for name in ("date", "commit", "confidence", "measurements"):
        if run[name] is not None:
            xml.add_global_property(f"claims.{name}", run[name])
    for package, number in run["versions"].items():
        xml.add_global_property(f"claims.version.{package}", number)
