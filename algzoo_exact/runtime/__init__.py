"""Networks in floating point, and what random inputs show: estimates, never proofs."""
