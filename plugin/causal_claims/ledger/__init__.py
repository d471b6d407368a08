"""A record is a verdict as written down; the ledger is all records of one run."""

from causal_claims.ledger.carried import plain
from causal_claims.ledger.ledger import SCHEMA, Ledger, false_at_most, read_ledger
from causal_claims.ledger.recording import record
from causal_claims.ledger.records import Record, record_from
from causal_claims.ledger.whole import write_whole

__all__ = [
    "SCHEMA",
    "Ledger",
    "Record",
    "false_at_most",
    "plain",
    "read_ledger",
    "record",
    "record_from",
    "write_whole",
]
