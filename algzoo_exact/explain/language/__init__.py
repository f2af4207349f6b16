"""Expressions of the language of explanations: text, syntax, ground terms and formulas."""
