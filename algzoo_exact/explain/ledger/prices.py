"""The price of each claim in bits, and what of it is paid."""

from __future__ import annotations

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
    prices, stated, rows = result.claim.prices, _Stated(result, program), {}
    # The dearest first, so that they are held against the closest equalities.
    for position in sorted(range(len(prices)), key=lambda k: -prices[k].each):
        price = prices[position]
        priced = price.count * price.each
        bits, declared, remark = priced, price.rule == "declared", price.note
        if result.status != "proved":
            bits, remark = 0.0, f"{result.status}: not paid"
        elif price.rule == "equality":
            bits, declared, remark = stated.charge(price)
        rows[position] = Row(
            result.claim.name, price, result.status, priced, bits, declared, remark
        )
    return [rows[position] for position in range(len(prices))]


class _Stated:
    """The equalities that a claim states, each to be paid for once."""

    def __init__(self, result: ClaimResult, program: Program) -> None:
        found = [
            bits for instance in result.claim.instances for bits in instance.equalities(program)
        ]
        counted = sum(p.count for p in result.claim.prices if p.rule == "equality")
        near = [bits for bits in found if not isinf(bits)]
        self._number = len(near)
        self._all_paid = counted >= len(near)
        # The closest first. Where not all are paid for, exact ones do not stand in for others.
        self._left = sorted(near, reverse=True)
        exact = [inf] * (len(found) - len(near))
        self._left = [*exact, *self._left] if counted >= len(found) else [*self._left, *exact]

    def charge(self, price: Price) -> tuple[float, bool, str]:
        """(bits, declared, remark) for a price by the rule ``equality``."""
        each = price.each
        taken, self._left = self._left[: price.count], self._left[price.count :]
        near = [bits for bits in taken if not isinf(bits)]
        # What is proved is charged: never more, and less only where it is left open which of the
        # claim's equalities the price is for. Exact equalities justify any price.
        charged = near if self._all_paid else [min(each, bits) for bits in near]
        untold = price.count - len(taken)
        remarks = [price.note] if price.note else []
        if abs(sum(charged) - each * len(near)) >= _WORTH_A_REMARK:
            proved = ", ".join(f"{bits:.2f}" for bits in near[:4]) + ", .." * (len(near) > 4)
            remarks.append(f"priced at {each:.2f} each, proved to {proved} bits")
        if not self._all_paid:
            remarks.append(f"the claim states {self._number} near-equalities")
        if untold:
            which = "precision" if untold == price.count else f"precision of {untold} of them"
            remarks.append(f"the {which} cannot be read from the claim: the author's word")
        bits = sum(charged) + each * (price.count - len(near))
        return bits, untold > 0, "; ".join(remarks)
