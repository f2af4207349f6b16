"""Explanations that the machine proposes: finders look, the verifier decides, the ledger prices."""
