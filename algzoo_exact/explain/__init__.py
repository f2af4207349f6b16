"""Explanations: what a person claims about a model, as data that can be checked.

The rooms, each importing from those before it: ``language`` (expressions), ``logic`` (linear forms
and their contradictions), ``prove`` (is it true everywhere, and how likely?), ``claims`` (one file
for each kind of claim) and ``ledger`` (what an explanation costs in bits).
"""
