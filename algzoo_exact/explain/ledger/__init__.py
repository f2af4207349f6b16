"""Surprise accounting: the bits of an explanation, and of what it leaves unexplained."""
