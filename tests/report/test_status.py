"""The status page is made by the command that tells the history."""

import json

from causal_claims.cli import main
from causal_claims.ledger import write_whole
from ledgers import sources


def test_status_makes_a_page_of_claim_by_model_by_checkpoint(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = next(one.outcome for one in sources().ledger.records if one.id == "S1-1.lowers")
    for i, name in enumerate(("step-1", "step-2", "step-3")):
        ledger = sources().ledger
        ledger.run["date"] = f"2026-11-0{i + 1}T00:00:00Z"
        for one in ledger.records:
            one.checkpoint = name
            if i == 2 and one.id == "S1-1.lowers":
                one.outcome = "SUPPORTED"
        write_whole(tmp_path / name / "claims.json", ledger.to_json())

    assert main(["status", "step-1", "step-2", "step-3"]) == 0
    page = (tmp_path / "reports" / "status.html").read_text()
    assert "page reports/status.html" in capsys.readouterr().out
    assert "8 claims on 1 model at 3 checkpoints: 1 has changed outcome" in page
    assert page.index("S1-1.lowers@toy") < page.index("S0-1.one@toy"), "what has changed comes first"
    rows = json.loads(
        page.partition('data-name="trend of S1-1.lowers@toy"')[2]
        .partition('application/json">')[2]
        .partition("</script>")[0]
    )["rows"]
    assert [row[1] for row in rows] == [first, first, "SUPPORTED"]
    assert main(["status", "step-1", "--html", "off"]) == 0
