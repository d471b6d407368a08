"""Tests handed out together: claims of one model stay on one worker, large groups are shared."""

from causal_claims.pytest_plugin.grouping import grouped

MODELS = {"m0", "m1", "m2"}
IDS = [f"t.py::a[m{m}-raises-{i}]" for m in range(3) for i in range(8)]


def test_claims_of_one_model_stay_together_and_others_are_spread():
    groups = grouped([*IDS, "t.py::plain"], MODELS, 3)

    assert len({groups[i] for i in IDS if "[m0-" in i}) == 1
    assert groups["t.py::plain"] == "t.py::plain"


def test_a_large_group_is_shared_by_idle_workers():
    assert len(set(grouped([f"t.py::a[m0-{i}]" for i in range(100)], {"m0"}, 2).values())) > 2


def test_a_group_of_up_to_half_a_workers_share_is_not_cut():
    models = [f"m{i}" for i in range(4)]
    groups = grouped([f"t.py::a[{model}-{i}]" for model in models for i in range(60)], set(models), 2)
    assert set(groups.values()) == {f"{model}#0" for model in models}
    larger = grouped([f"t.py::a[{model}-{i}]" for model in models[:2] for i in range(60)], set(models), 2)
    assert len(set(larger.values())) == 4


def test_a_key_that_is_no_model_is_no_group():
    assert grouped(["t.py::a[other-raises]"], MODELS, 2) == {"t.py::a[other-raises]": "t.py::a[other-raises]"}
