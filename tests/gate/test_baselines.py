"""Runs kept by name: what is known of them, and what is refused."""

import json

import pytest
from causal_claims.errors import ClaimsError
from causal_claims.gate import baseline
from causal_claims.gate.card import cards
from causal_claims.gate.run import read_run
from series import BASE, SERIES, claims

SUITE = claims()
OLD = BASE.run(SUITE)


def kept(home, name="main", run=OLD):
    run.ledger.run.update(commit="c" * 40, date="2026-01-01T00:00:00Z")
    return baseline.save(home, name, run.ledger, run.recorded)


def test_a_baseline_reads_back_as_the_run_it_was(tmp_path):
    kept(tmp_path)
    found = baseline.find(tmp_path, "main")

    assert [one.line for one in found.ledger.records] == [one.line for one in OLD.ledger.records]
    assert len(found.recorded) == len(OLD.recorded)


def test_its_card_has_commit_date_and_revision(tmp_path):
    kept(tmp_path)
    (card,) = cards(tmp_path)

    assert (card.name, card.commit, card.date) == ("main", "c" * 40, "2026-01-01T00:00:00Z")
    assert card.checkpoints == {"toy": "0" * 40}
    assert "main: 2 claims on toy@000000000000" in str(card)


def test_an_a_a_run_is_kept_with_it_and_goes_when_it_is_replaced(tmp_path):
    kept(tmp_path)
    again = BASE.run(SUITE)
    baseline.save(tmp_path, "main:again", again.ledger, again.recorded)
    assert baseline.find(tmp_path, "main").again is not None
    assert cards(tmp_path)[0].again

    kept(tmp_path)
    assert baseline.find(tmp_path, "main").again is None


def test_an_a_a_run_of_another_checkpoint_is_refused(tmp_path):
    kept(tmp_path)
    other = SERIES["moved"].run(SUITE)

    with pytest.raises(ClaimsError, match="measures the same checkpoint again"):
        baseline.save(tmp_path, "main:again", other.ledger, other.recorded)


def test_an_expired_baseline_is_refused_by_name_and_not_by_path(tmp_path):
    kept(tmp_path)
    baseline.expire(tmp_path, "main", "2026-01-01", "the prompts were replaced")

    with pytest.raises(ClaimsError, match=r"expired on 2026-01-01 \(the prompts were replaced\)"):
        baseline.find(tmp_path, "main")
    assert baseline.find(tmp_path, str(tmp_path / "main")).ledger.records


def test_one_that_expires_in_the_future_is_still_good(tmp_path):
    kept(tmp_path)
    baseline.expire(tmp_path, "main", "2999-01-01")

    assert baseline.find(tmp_path, "main").ledger.records


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a b", "main:twice", ".hidden"])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path, name):
    with pytest.raises(ClaimsError, match="no name for a baseline"):
        baseline.save(tmp_path, name, OLD.ledger, OLD.recorded)


def test_an_absent_baseline_names_those_there_are(tmp_path):
    kept(tmp_path)

    with pytest.raises(ClaimsError, match=r"no baseline 'mian' \(did you mean 'main'\?\)"):
        baseline.find(tmp_path, "mian")


def test_a_run_becomes_a_baseline_only_with_its_numbers(tmp_path):
    folder = kept(tmp_path / "runs", "one")
    assert baseline.accept(tmp_path / "home", folder, "accepted", "as agreed").name == "accepted"
    assert cards(tmp_path / "home")[0].because == "as agreed"

    (folder / "measurements.parquet").unlink()
    with pytest.raises(ClaimsError, match=r"has no measurements\.parquet"):
        baseline.accept(tmp_path / "home", folder, "bare")


def test_a_damaged_card_is_a_sentence(tmp_path):
    folder = kept(tmp_path)
    (folder / "baseline.json").write_text("{")

    with pytest.raises(ClaimsError, match="is damaged"):
        cards(tmp_path)


def test_a_run_is_read_from_its_folder_or_its_ledger(tmp_path):
    folder = kept(tmp_path)

    assert read_run(folder).ledger.records == read_run(folder / "claims.json").ledger.records
    with pytest.raises(ClaimsError, match=r"holds no claims\.json"):
        read_run(tmp_path)


def test_what_is_kept_is_plain_json(tmp_path):
    assert json.loads((kept(tmp_path) / "baseline.json").read_text())["records"] == 2
