"""The price of each claim in bits, and what of it is paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isinf

from algzoo_exact.explain.claims.claim import ClaimResult
from algzoo_exact.explain.claims.price import Price
from algzoo_exact.explain.outcome import Status
from algzoo_exact.program.ir import Program

_WORTH_A_REMARK = 0.05  # bits


@dataclass(frozen=True)
class Row:
    """One price of a claim.

    ``priced`` is what the author says, for all of ``price.count``. ``bits`` is what is paid: 0
    unless the claim is proved; for equalities what is proved, where the claim's form tells that.
    ``declared``: it rests on the author's word, at least in part. ``remark`` says why ``bits``
    is not ``priced``, or why it is declared.
    """

    claim: str
    price: Price
    status: Status
    priced: float
    bits: float
    declared: bool
    remark: str


def rows_of(result: ClaimResult, program: Program) -> list[Row]:
    """The claim's prices in its order; ``program`` is the one that the claim speaks of."""
    prices, rows = result.claim.prices, dict[int, Row]()
    stated = [bits for part in result.claim.instances for bits in part.equalities(program)]
    near = sorted((bits for bits in stated if not isinf(bits)), reverse=True)
    exact = [inf] * (len(stated) - len(near))
    counted = sum(price.count for price in prices if price.rule == "equality")
    # Each is paid for once, the closest first; where not all are, exact ones come last.
    unpaid = [*exact, *near] if counted >= len(stated) else [*near, *exact]
    # The dearest first, so that they are held against the closest equalities.
    for position in sorted(range(len(prices)), key=lambda k: -prices[k].each):
        price = prices[position]
        priced = price.count * price.each
        bits, declared, remark = priced, price.rule == "declared", price.note
        if result.status != "proved":
            bits, remark = 0.0, f"{result.status}: not paid"
        elif price.rule == "equality":
            taken, unpaid = unpaid[: price.count], unpaid[price.count :]
            declared = len(taken) < price.count
            bits, remark = _charged(price, taken, len(near), all_paid=counted >= len(near))
        rows[position] = Row(
            result.claim.name, price, result.status, priced, bits, declared, remark
        )
    return [rows[position] for position in range(len(prices))]


def _charged(
    price: Price, taken: Sequence[float], stated: int, *, all_paid: bool
) -> tuple[float, str]:
    """Bits and a remark, for a price of the equalities ``taken``, out of so many near-equalities.

    What is proved is charged: never more, and less only where it is left open which of the claim's
    equalities the price is for. Exact equalities justify any price.
    """
    each, near = price.each, [bits for bits in taken if not isinf(bits)]
    charged = near if all_paid else [min(each, bits) for bits in near]
    untold = price.count - len(taken)
    remarks = [price.note] if price.note else []
    if abs(sum(charged) - each * len(near)) >= _WORTH_A_REMARK:
        proved = ", ".join(f"{bits:.2f}" for bits in near[:4]) + ", .." * (len(near) > 4)
        remarks.append(f"priced at {each:.2f} each, proved to {proved} bits")
    if not all_paid:
        remarks.append(f"the claim states {stated} near-equalities")
    if untold:
        which = "precision" if untold == price.count else f"precision of {untold} of them"
        remarks.append(f"the {which} cannot be read from the claim: the author's word")
    return sum(charged) + each * (price.count - len(near)), "; ".join(remarks)
