"""What the page on the synthetic mixture says of the stored runs in words, and when it is true.

A run has two clean bumps, a bridge between two, or one hill. The limits between these are those of the verdicts.
"""

from math import log

from sentences import Runs, Said

from cpvae_lite.study.claims_synthetic import CLOSE, LAST, LOW, MIXED, NEAR, ONE_MODE, SLOW, USUAL
from cpvae_lite.study.shown import BOTH, FOUR, PLAIN

PAGE = "synthetic"
BRIDGE = 0.07, 0.15  # of the numbers, between the bumps; of the truth it is 0.023
UNUSED = 0.01  # nats


def each(runs: Runs, table: str, label: str, figure: str) -> list[float]:
    """A figure of the runs, seed after seed; of the generated numbers if it is one of theirs."""
    found = [record["measures"] for record in runs.all(table, label)]
    return [one["generated"].get(figure, one.get(figure)) for one in found]


def nearer(runs: Runs, label: str, limit: float) -> list[bool]:
    """Which runs at the usual temperature generate two modes within a distance of the truth."""
    pairs = zip(each(runs, USUAL, label, "modes"), each(runs, USUAL, label, "distance"), strict=True)
    return [modes == 2 and distance < limit for modes, distance in pairs]


def bridged(runs: Runs, label: str) -> list[bool]:
    pairs = zip(each(runs, USUAL, label, "modes"), each(runs, USUAL, label, "between"), strict=True)
    return [modes == 2 and BRIDGE[0] < between < BRIDGE[1] for modes, between in pairs]


def later(runs: Runs, label: str, figure: str) -> list[float]:
    """How much more a run has after its last epoch than at the epoch of the best bound."""
    return [
        after - kept
        for kept, after in zip(each(runs, USUAL, label, figure), each(runs, LAST, label, figure), strict=False)
    ]


def unused(runs: Runs, table: str, label: str) -> list[bool]:
    """Which runs do not use c."""
    return [kl_c < UNUSED for kl_c in each(runs, table, label, "kl_c")]


def _moved_on(runs: Runs) -> bool:
    """Of two categories: what the last epoch draws, beside the epoch that was kept."""
    cp, indq, indp, indqp = (later(runs, f"{name}-2", "distance") for name in FOUR)
    stopped = [run["best_epoch"] == run["epochs"] for run in runs.all(USUAL, "indqp-2")[:2]]
    worse_of_indqp = [change > 0.001 for change in indqp]
    return (
        min(cp) > 0.001
        and sorted(change > 0.0003 for change in indq) == [False, True]
        and all(distance < CLOSE for distance in each(runs, LAST, "indq-2", "distance"))
        and max(indp) < 0.0003
        and sorted(worse_of_indqp) == [False, True]
        and stopped == [not worse for worse in worse_of_indqp]
    )


def _says_which_bump(runs: Runs) -> bool:
    """What CP-VAE and INDq pay for c, wherever they have learned the density."""
    cheap = [log(2) - 0.02, log(2) + 0.02]
    good = [
        kl_c
        for kl_c, is_near in zip(each(runs, USUAL, "cp-150", "kl_c"), nearer(runs, "cp-150", NEAR), strict=True)
        if is_near
    ]
    return (
        all(cheap[0] < kl_c < cheap[1] for name in BOTH for kl_c in each(runs, USUAL, f"{name}-2", "kl_c"))
        and all(log(2) < kl_c < 1.42 * log(2) for name in BOTH for kl_c in each(runs, LOW, f"{name}-150", "kl_c"))
        and len(good) == 2
        and all(1.7 * log(2) < kl_c < 2 * log(2) for kl_c in good)
    )


def _who_leaves_c_unused(runs: Runs) -> bool:
    of_two, of_many = ([sum(unused(runs, USUAL, f"{name}-{size}")) for name in PLAIN] for size in (2, 150))
    return (
        of_two[0] > of_two[1] > 0
        and of_many == [0, 0]
        and all(unused(runs, LOW, label) == [True] * 3 for label in ("indp-2", "indp-150", "indqp-150"))
        and sum(unused(runs, LOW, "indqp-2")) < 2
        and not any(any(unused(runs, table, f"{n}-{k}")) for table in (USUAL, LOW) for n in BOTH for k in (2, 150))
    )


def _pure(runs: Runs, label: str, limit: float = ONE_MODE) -> int:
    return sum(purity > limit for purity in each(runs, USUAL, label, "purity"))


SAID = [
    Said(
        PAGE,
        "it has two modes where the epoch of the best bound mostly has a hill, although its bound is worse in all but "
        "one run.",
        lambda runs: (
            all(modes == 2 for name in FOUR for modes in each(runs, LAST, f"{name}-150", "modes"))
            and sum(modes == 1 for name in FOUR for modes in each(runs, USUAL, f"{name}-150", "modes")[:2]) > 4
            and sum(more > 0 for name in FOUR for more in later(runs, f"{name}-150", "negative_bound")) == 7
        ),
    ),
    Said(
        PAGE,
        "With 2 categories the last epoch draws worse in both runs of CP-VAE and in one of INDqp (in the other it is "
        "the one that was kept), and a little worse in one of INDq.",
        _moved_on,
    ),
    Said(
        PAGE,
        "CP-VAE and INDq with 2 categories and the VampPrior with 2 as with 150 do so in every run: none is more than "
        "a few times as far from the truth as fresh draws of it.",
        lambda runs: all(all(nearer(runs, label, CLOSE)) for label in ("cp-2", "indq-2", "vamp-2", "vamp-150")),
    ),
    Said(
        PAGE,
        "MoG and the hierarchical VampPrior with 2 do in four of five runs each.",
        lambda runs: all(sum(nearer(runs, label, CLOSE)) == 4 for label in ("mog-2", "hvamp-2")),
    ),
    Said(
        PAGE,
        "every VAE, and with 2 categories three runs of INDp and one of INDqp, of five each",
        lambda runs: (
            all(bridged(runs, "vae"))
            and [sum(bridged(runs, label)) for label in ("indp-2", "indqp-2")] == [3, 1]
            and all(bridged(runs, label) == unused(runs, USUAL, label) for label in ("indp-2", "indqp-2"))
        ),
    ),
    Said(
        PAGE,
        "Runs with two modes and a distance below 0.02, of five: CP-VAE two, INDq none, INDp one, INDqp two. The "
        "others end as one broad hill.",
        lambda runs: (
            [sum(nearer(runs, f"{name}-150", NEAR)) for name in FOUR] == [2, 0, 1, 2]
            and all(
                (modes == 1) != is_near
                for name in FOUR
                for modes, is_near in zip(
                    each(runs, USUAL, f"{name}-150", "modes"), nearer(runs, f"{name}-150", NEAR), strict=True
                )
            )
        ),
    ),
    Said(
        PAGE,
        "In the two seeds that were looked at, their last epochs draw better, and in seven of these eight runs the "
        "bound is poorer still.",
        lambda runs: (
            all(more < 0 for name in FOUR for more in later(runs, f"{name}-150", "distance"))
            and sum(more > 0 for name in FOUR for more in later(runs, f"{name}-150", "negative_bound")) == 7
        ),
    ),
    Said(
        PAGE,
        "But the epochs that were kept, 28 and 21 of 150, come long before the end of the warm-up here, too.",
        lambda runs: (
            [runs.first(SLOW, f"{name}-150")["best_epoch"] for name in BOTH] == [28, 21]
            and all(runs.first(SLOW, f"{name}-150")["training"]["warmup"] > 2 * 28 for name in BOTH)
        ),
    ),
    Said(
        PAGE,
        "A temperature of 0.2 is.** The cheat is gone, and CP-VAE and INDq with 150 categories find the structure.",
        lambda runs: all(
            modes == 2 and distance < CLOSE and abs(relaxed - bound) < 0.02
            for name in BOTH
            for modes, distance, relaxed, bound in zip(
                *(
                    each(runs, LOW, f"{name}-150", figure)
                    for figure in ("modes", "distance", "relaxed_negative_bound", "negative_bound")
                ),
                strict=True,
            )
        ),
    ),
    Said(
        PAGE,
        "With 2 categories they pay $\\log 2$ for them. With 150 they pay up to two fifths more at the low "
        "temperature, and the two runs of CP-VAE that succeed at the usual temperature pay nearly twice $\\log 2$.",
        _says_which_bump,
    ),
    Said(
        PAGE,
        "At the usual temperature that happens with 2 categories only, to INDp more often than to INDqp. At the low "
        "one it happens to every run of INDp, with 2 and with 150, and to every run of INDqp with 150.",
        _who_leaves_c_unused,
    ),
    Said(
        PAGE,
        "the KL of $z$ is next to nothing, and $c$ does all the work, badly in 15 runs of 20.",
        lambda runs: (
            all(kl_z < 0.01 for name in FOUR for kl_z in each(runs, USUAL, f"{name}-150", "kl_z"))
            and sum(not good for name in FOUR for good in nearer(runs, f"{name}-150", NEAR)) == 15
        ),
    ),
    Said(
        PAGE,
        "The components of the VampPrior are pure. So are those of MoG and of the hierarchical VampPrior, but for one "
        "run of each with 2, and of MoG for some of the 150",
        lambda runs: (
            [_pure(runs, label) for label in ("vamp-2", "vamp-150", "hvamp-150", "mog-2", "hvamp-2")] == [5, 5, 5, 4, 4]
            and _pure(runs, "mog-150", MIXED) == 5
            and _pure(runs, "mog-150") < 5
        ),
    ),
    Said(
        PAGE,
        "With 150 categories the entropy of $q(c)$ is that of nearly 150 equal ones",
        lambda runs: all(
            140 < number <= 150
            for table in (USUAL, LOW)
            for name in FOUR
            for number in each(runs, table, f"{name}-150", "effective_categories")
        ),
    ),
    Said(
        PAGE,
        "Three draw the bumps about as well as CP-VAE and pay $\\log 2$ for $c$, but they use $z$, too, as the table "
        "of single runs says: each pays more than a nat for it.",
        lambda runs: (
            sum(
                distance < CLOSE and abs(kl_c - log(2)) < 0.02 and kl_z > 1
                for distance, kl_c, kl_z in zip(
                    *(each(runs, USUAL, "indqp-2", figure) for figure in ("distance", "kl_c", "kl_z")), strict=True
                )
            )
            == 3
        ),
    ),
]
