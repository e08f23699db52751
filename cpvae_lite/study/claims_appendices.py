"""Appendices B and C, sentence by sentence: what the paper says of MNIST and Omniglot, and what our runs say.

Figures are of the models that are shown: 150 categories on MNIST, 500 on Omniglot, whose images are others than the
paper's.
"""

from __future__ import annotations

from cpvae_lite.study.claims import Claim, Stored
from cpvae_lite.study.comparison import overlap, shared, shared_in_paper
from cpvae_lite.study.grids import SHOWN
from cpvae_lite.study.image_figures import (
    Figure,
    alphabet_accuracy,
    chance,
    drawn_purity,
    effective,
    empty,
    fewest_of_a_label,
    most_of_an_alphabet,
    purity,
    used,
)
from cpvae_lite.study.shown import BOTH, CLOTHES, DIGITS, FOUR, LETTERS, PLAIN, clothes, digits, letters
from cpvae_lite.study.wording import by_data, in_use, range_of_labels

SIZE = SHOWN[DIGITS]


def _of_indq(stored: Stored, figure: Figure) -> str:
    return by_data(stored, figure, ["indq"], 0, (DIGITS, CLOTHES))


def _all_above(stored: Stored, figure: Figure) -> bool:
    """Whether INDq has more in every run on digits than in any on clothes."""
    of_digits, of_clothes = (found(stored).over_seeds("indq", figure).values for found in (digits, clothes))
    return min(of_digits) > max(of_clothes)


APPENDICES = (
    Claim(
        number="M1a",
        says="On MNIST CP-VAE behaves as on Fashion-MNIST: its categories follow the digits and ways to write them",
        verdict="holds, and for INDq as well: a category draws one digit; ways to write are measured in the chapter",
        where="mnist#what-a-category-is-if-more-than-a-digit",
        measured=lambda stored: (
            f"generation purity: {digits(stored).text(drawn_purity, 3)}; by chance: "
            f"{digits(stored).text(chance, 3)}; purity on test images: {digits(stored).text(purity, 3)}"
        ),
        stands=lambda stored: all(digits(stored).mean(name, drawn_purity) > 0.9 for name in BOTH),
    ),
    Claim(
        number="M1b",
        says="On MNIST CP-VAE uses the vast majority of its categories with high probability",
        verdict="depends on how one counts: few of 150 are empty, fewer than half are above 1/150",
        where="mnist#fig-a1-how-much-each-category-holds",
        measured=lambda stored: in_use(digits(stored), ("cp",)),
        stands=lambda stored: (
            digits(stored).mean("cp", empty) < SIZE / 10 and digits(stored).mean("cp", used) < SIZE / 2
        ),
    ),
    Claim(
        number="M1c",
        says="On MNIST CP-VAE gives different categories a high probability for each digit, several for each",
        verdict="holds, and for INDq as well",
        where="mnist#fig-a2-which-digits-a-category-of-cp-vae-serves",
        measured=lambda stored: (
            "what two digits have in common of their categories, from 0 to 1: "
            f"{digits(stored).text(overlap, 2, FOUR)}; the entropy of q(c|digit) is that of so many equal categories, "
            f"the digit with fewest and with most: {range_of_labels(digits(stored), BOTH)}"
        ),
        stands=lambda stored: all(
            digits(stored).mean(name, overlap) < 0.05 and digits(stored).mean(name, fewest_of_a_label) > 2
            for name in BOTH
        ),
    ),
    Claim(
        number="M2",
        says="INDq uses more categories on MNIST than on Fashion-MNIST, yet mixes",
        verdict="does not hold here: it hardly mixes. It does use more: every run has more categories above 1/150, "
        "though by the entropy of q(c) runs of one data set are found among those of the other",
        where="mnist#fig-a4-indq-twenty-categories",
        measured=lambda stored: (
            f"generation purity {digits(stored).one('indq', drawn_purity, 3)}; shared "
            f"categories {digits(stored).one('indq', shared, 0)}, in the paper's table "
            f"{shared_in_paper('indq', DIGITS)}; above 1/150: {_of_indq(stored, used)}; the entropy of q(c) is that of "
            f"so many equal categories: {_of_indq(stored, effective)}"
        ),
        stands=lambda stored: (
            digits(stored).mean("indq", drawn_purity) > 0.9
            and _all_above(stored, used)
            and not _all_above(stored, effective)
        ),
    ),
    Claim(
        number="M3",
        says="INDp and INDqp cannot capture the clusters, not even of MNIST",
        verdict="holds: what a category draws is hardly purer than chance",
        where="mnist#does-a-category-keep-to-one-digit-a-number",
        measured=lambda stored: (
            f"generation purity {digits(stored).text(drawn_purity, 3, PLAIN)}; by chance "
            f"{digits(stored).text(chance, 3, PLAIN)}"
        ),
        stands=lambda stored: digits(stored).mixes(PLAIN),
    ),
    Claim(
        number="O1",
        says="With 500 categories CP-VAE finds structure in Omniglot, INDq some, though it mostly mixes, INDp and "
        "INDqp none",
        verdict="depends on the model (other images than the paper's): against INDp and INDqp yes, against INDq no; by "
        "names of alphabets, which are not what the categories are",
        where="omniglot#which-alphabets-have-categories-of-their-own",
        measured=lambda stored: (
            "accuracy if each category is named after an alphabet: "
            f"{letters(stored).text(alphabet_accuracy, 3, FOUR)}; most that one category holds of an alphabet: "
            f"{letters(stored).text(most_of_an_alphabet, 3, FOUR)}; generation purity: "
            f"{letters(stored).text(drawn_purity, 3, FOUR)}; by chance: {letters(stored).text(chance, 3, FOUR)}"
        ),
        stands=lambda stored: (
            all(letters(stored).mean(name, drawn_purity) > letters(stored).mean(name, chance) + 0.1 for name in BOTH)
            and letters(stored).mixes(PLAIN)
            and all(letters(stored).twice(figure, BOTH, PLAIN) for figure in (alphabet_accuracy, most_of_an_alphabet))
            and all(letters(stored).excess(figure) < 0 for figure in (alphabet_accuracy, drawn_purity))
        ),
    ),
    Claim(
        number="O2",
        says="On Omniglot CP-VAE uses the vast majority of its categories with high probability",
        verdict="does not hold here (other images than the paper's): two in five are empty",
        where="omniglot#fig-a7-how-much-each-category-holds",
        measured=lambda stored: in_use(letters(stored), BOTH),
        stands=lambda stored: letters(stored).mean("cp", empty) > 0.3 * SHOWN[LETTERS],
    ),
)
