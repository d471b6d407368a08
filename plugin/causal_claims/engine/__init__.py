"""Exact, fast, honest measurement of cells on real models: loading, the two paths, receipts, the store."""
