"""Of the attention patterns that claims carry, a ledger keeps one a head and few a model."""

from types import SimpleNamespace

from causal_claims.pytest_plugin.pictures import keep_few


def test_one_pattern_a_head_and_six_a_model():
    records = [
        SimpleNamespace(model=model, attention={"head": f"L0.H{i // 2}"}) for model in ("a", "b") for i in range(20)
    ]
    records.append(SimpleNamespace(model="c", attention=None))
    keep_few(records)
    kept = [(one.model, one.attention["head"]) for one in records if one.attention]

    assert kept == [(model, f"L0.H{i}") for model in ("a", "b") for i in range(6)]
