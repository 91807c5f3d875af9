"""From answers and keys to a score. Pure: it knows no table, no person and no clock."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Key:
    """What a question is worth; `fractions`: choice id → share of its points, -1 to 1."""

    kind: str
    points: int
    fractions: Mapping[int, Decimal]

    @property
    def full(self) -> Decimal:
        """What all right choices together give: 1, or close to it where thirds were rounded."""
        return sum((share for share in self.fractions.values() if share > 0), Decimal(0))


def share(key: Key, chosen: Collection[int]) -> Decimal:
    """How much of a question's points the chosen choices earn, 0 to 1.

    Single choice and true/false: the fraction of the one that was chosen, and nothing for a
    paper that names more than one. Multiple choice:
    the sum of the fractions of all chosen, measured against the sum of the positive ones, so
    that three times 33.333 % is a whole. Never below 0, and 0 where nothing was chosen.
    """
    earned = sum((key.fractions.get(choice, Decimal(0)) for choice in set(chosen)), Decimal(0))
    if key.kind != "multiple":
        return max(earned, Decimal(0)) if len(set(chosen)) == 1 else Decimal(0)
    return min(max(earned, Decimal(0)) / key.full, Decimal(1)) if key.full else Decimal(0)


def score(keys: Mapping[int, Key], answers: Mapping[int, Collection[int]]) -> Decimal:
    """The score of an attempt, 0 to 100 with two decimals, half a cent rounded up.

    100 × Σ points × share ÷ Σ points over all questions of the paper, answered or not.
    `keys` and `answers` (ids of the chosen choices) are keyed by question id.
    """
    total = sum(key.points for key in keys.values())
    if not total:
        return Decimal("0.00")
    earned = sum(
        (key.points * share(key, answers.get(question, ())) for question, key in keys.items()),
        Decimal(0),
    )
    return (100 * earned / total).quantize(CENT, ROUND_HALF_UP)
