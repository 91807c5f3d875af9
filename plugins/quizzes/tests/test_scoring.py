"""The formula of the score: by example, and by properties over many seeded papers."""

import random
from decimal import Decimal

import pytest

from plugins.quizzes.scoring import Key, score, share

SINGLE = Key("single", 1, {1: Decimal(1), 2: Decimal(0), 3: Decimal("0.5"), 4: Decimal("-0.5")})
MULTIPLE = Key("multiple", 1, {1: Decimal("0.5"), 2: Decimal("0.5"), 3: Decimal(-1)})
THIRDS = Key("multiple", 1, dict.fromkeys((1, 2, 3), Decimal("0.33333")))


@pytest.mark.parametrize(
    ("key", "chosen", "expected"),
    [
        (SINGLE, [1], "1"),
        (SINGLE, [2], "0"),
        (SINGLE, [3], "0.5"),
        (SINGLE, [4], "0"),
        (SINGLE, [], "0"),
        (SINGLE, [1, 2], "0"),
        (SINGLE, [99], "0"),
        (MULTIPLE, [1, 2], "1"),
        (MULTIPLE, [1], "0.5"),
        (MULTIPLE, [1, 1], "0.5"),
        (MULTIPLE, [1, 2, 3], "0"),
        (MULTIPLE, [3], "0"),
        (THIRDS, [1, 2, 3], "1"),
        (Key("multiple", 1, {}), [1], "0"),
    ],
)
def test_share_of_a_question(key, chosen, expected):
    assert share(key, chosen) == Decimal(expected)


def test_points_weigh_the_questions():
    heavy = Key("single", 3, {1: Decimal(1), 2: Decimal(0)})

    assert score({10: heavy, 20: SINGLE}, {10: [1]}) == Decimal("75.00")


def test_half_a_cent_is_rounded_up():
    keys = {n: Key("single", 1, {1: Decimal(1)}) for n in range(16)}

    assert score(keys, {0: [1]}) == Decimal("6.25")
    assert score({n: keys[n % 16] for n in range(800)}, {0: [1]}) == Decimal("0.13")


def test_a_test_without_questions_scores_nothing():
    assert score({}, {}) == Decimal("0.00")


def random_paper(rng):
    keys = {}
    for question in range(rng.randint(1, 30)):
        ids = rng.sample(range(1000), rng.randint(2, 8))
        if rng.random() < 0.5:
            fractions = {i: Decimal(rng.randint(-100, 100)) / 100 for i in ids}
            keys[question] = Key("multiple", rng.randint(1, 10), fractions)
        else:
            fractions = dict.fromkeys(ids, Decimal(0)) | {ids[0]: Decimal(1)}
            keys[question] = Key("single", rng.randint(1, 10), fractions)
    answers = {
        question: rng.sample(sorted(key.fractions), rng.randint(0, len(key.fractions)))
        for question, key in keys.items()
        if rng.random() < 0.8
    }
    return keys, answers


@pytest.mark.parametrize("seed", range(200))
def test_score_stays_between_0_and_100_and_does_not_depend_on_order(seed):
    rng = random.Random(seed)
    keys, answers = random_paper(rng)
    shuffled = {q: rng.sample(chosen, len(chosen)) for q, chosen in reversed(answers.items())}

    found = score(keys, answers)

    assert 0 <= found <= 100
    assert found == score(dict(reversed(keys.items())), shuffled)


@pytest.mark.parametrize("seed", range(200))
def test_all_right_choices_give_100_and_taking_an_answer_back_never_gains(seed):
    keys, answers = random_paper(random.Random(seed))
    best = {q: [c for c, f in key.fractions.items() if f > 0] for q, key in keys.items()}
    reachable = all(best.values())

    assert (score(keys, best) == 100) == reachable
    for question in answers:
        assert score(keys, answers) >= score(keys, {**answers, question: []})
