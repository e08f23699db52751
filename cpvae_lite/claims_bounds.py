"""Section 6.2, the sentences about Table 3 and Figs. 14 to 16: what the paper says, and what our runs say.

Figures are of the models that are shown: 150 categories on Fashion-MNIST and MNIST, 500 on Omniglot.
"""

from __future__ import annotations

from cpvae_lite.claims import Claim, open_claim
from cpvae_lite.image_figures import (
    BOTH,
    CLOTHES,
    FOUR,
    PLAIN,
    by_data,
    clothes,
    digits,
    generating_by_data,
    kl_of_c,
    letters,
    printed,
)
from cpvae_lite.paper import reported
from cpvae_lite.tables import BOUND, EVIDENCE, RELAXED

SLIGHT = 0.1  # nats
TABLE_3, JUDGED = "comparison#table-3", "comparison#how-clear-and-how-varied-a-number"

BOUNDS = (
    Claim(
        number="T1",
        says="CP-VAE has a better bound than INDq in every column of Table 3",
        verdict="does not hold here (one column each; two seeds on Fashion-MNIST, else one): better on MNIST, level on "
        "Fashion-MNIST; on Omniglot behind with p(c) = 1/K, and level with the p(c) that images are drawn from",
        where=TABLE_3,
        measured=lambda stored: (
            f"negative bounds: {by_data(stored, BOUND.figure)}. With p(c) = q(c), first seed: "
            f"{generating_by_data(stored, BOTH)}. The paper reports {printed()}"
        ),
        stands=lambda stored: (
            digits(stored).ahead(BOUND.figure) < 0 < letters(stored).ahead(BOUND.figure)
            and clothes(stored).level(BOUND.figure)
            and abs(letters(stored).generating_bound("cp") - letters(stored).generating_bound("indq")) < SLIGHT
        ),
    ),
    Claim(
        number="T2",
        says="INDp and INDqp seem to perform slightly better",
        verdict="depends on the data and on the number (one column each; two seeds on Fashion-MNIST, else one): on "
        "MNIST they are worse by every number; on Fashion-MNIST worse by bound and log p(x), and better than CP-VAE by "
        "the relaxed value; on Omniglot INDqp has the best bound by some tenths of a nat, and both hardly use c",
        where=TABLE_3,
        measured=lambda stored: (
            f"negative bounds: {by_data(stored, BOUND.figure, FOUR)}. -log p(x): "
            f"{by_data(stored, EVIDENCE.figure, FOUR)}. Relaxed, no bound: {by_data(stored, RELAXED.figure, FOUR)}. "
            f"KL of c on Omniglot: {letters(stored).text(kl_of_c, 2, FOUR)}. Negative bounds with p(c) = q(c), first "
            f"seed: {generating_by_data(stored, FOUR)}. The paper reports {printed(FOUR)}"
        ),
        stands=lambda stored: (
            all(digits(stored).better_pair(column.figure) == BOTH for column in (BOUND, EVIDENCE, RELAXED))
            and all(clothes(stored).better_pair(column.figure) == BOTH for column in (BOUND, EVIDENCE))
            and all(clothes(stored).ahead(RELAXED.figure, "cp", name) > 0 for name in PLAIN)
            and 0 < min(map(letters(stored).generating_bound, BOTH)) - letters(stored).generating_bound("indqp") < 1
            and all(letters(stored).mean(name, kl_of_c) < 0.5 for name in PLAIN)
        ),
    ),
    open_claim(
        "T3",
        "VampPrior and hierarchical VampPrior perform best throughout",
        TABLE_3,
        "open: not run yet. The paper's own table does not bear it out in full: with 10 categories on Fashion-MNIST "
        f"INDqp is best, and VampPrior with 500 stands at {reported('vamp', CLOTHES, 500)}",
    ),
    Claim(
        number="T4",
        says="A better bound guarantees neither good generations nor control over the categories",
        verdict="holds for control (one seed): on Omniglot the model with the best bound does not use its category; "
        "how good samples are is judged by eye",
        where="omniglot#how-to-quote-a-bound-and-whose-images",
        measured=lambda stored: (
            f"Omniglot, negative bounds: {letters(stored).text(BOUND.figure, 2, FOUR)}; KL of c: "
            f"{letters(stored).text(kl_of_c, 2, FOUR)}"
        ),
        stands=lambda stored: (
            min(FOUR, key=lambda name: letters(stored).mean(name, BOUND.figure)) == "indqp"
            and letters(stored).mean("indqp", kl_of_c) < 0.1
            and all(letters(stored).mean(name, kl_of_c) > 1 for name in BOTH)
        ),
    ),
    open_claim(
        "G1", "CP-VAE generates well at every K", JUDGED, "open: run at one K a data set, and judged by eye only"
    ),
    open_claim(
        "G2", "With 10 components MoG and the VampPriors collapse to a few items; VampPrior improves with more", JUDGED
    ),
)
