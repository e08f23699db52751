"""Section 6.2 about Fashion-MNIST, sentence by sentence: what the paper says, and what our runs say.

Figures are of the models that are shown, with 150 categories: mean ± standard deviation over seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from cpvae_lite.config import NAMES
from cpvae_lite.metrics import shared_by_chance
from cpvae_lite.study.claims import Claim, Stored
from cpvae_lite.study.claims_bounds import JUDGED, clearer_than_a_vae
from cpvae_lite.study.comparison import overlap, shared, shared_in_paper
from cpvae_lite.study.grids import SHOWN
from cpvae_lite.study.image_figures import (
    SHOES,
    TOPS,
    Figure,
    accuracy,
    categories_of_labels,
    chance,
    drawn_purity,
    effective,
    empty,
    fewest_of_a_label,
    labels_with_a_category,
    middle,
    mixed,
    purity,
    rarest,
    used,
)
from cpvae_lite.study.results import Spread
from cpvae_lite.study.shown import (
    BOTH,
    CLOTHES,
    DIGITS,
    FOUR,
    MANY_LABELS,
    PLAIN,
    Shown,
    clothes,
    columns,
    digits,
    named_as_asked,
)
from cpvae_lite.study.wording import by_column, least_and_most, range_of_labels

SIZE = SHOWN[CLOTHES]
PURE = 0.7  # categories that draw one kind in seven of ten cases, ten kinds being possible, keep to kinds
PAGE = "fashion-categories"
FIG_9, KINDS = f"{PAGE}#fig-9-how-much-each-category-holds", f"{PAGE}#does-a-category-keep-to-one-kind-a-number"


FROZEN = ("frozen", "frozen-uniform")  # at the usual start, and at means drawn from [0, 1]


def _changed(stored: Stored, label: str, figure: Figure) -> Spread:
    """A figure of the runs with some settings changed."""
    return stored("ablations").over_seeds(label, figure)


def _both_frozen(stored: Stored, figure: Figure) -> str:
    each = ((NAMES[name], [_changed(stored, f"{name}-{how}", figure).format(3) for how in FROZEN]) for name in BOTH)
    return ", ".join(f"{name} {' and '.join(found)}" for name, found in each)


def _named(stored: Stored) -> list[Shown]:
    """Clothes, then digits, with ten and with 150 categories."""
    return [Shown(stored, data, size) for data in (CLOTHES, DIGITS) for size in (10, SIZE)]


def _of(kinds: Sequence[int]) -> Figure:
    """Of some kinds of clothes the mean number of equal categories."""
    return lambda found: fmean(categories_of_labels(found)[kind] for kind in kinds)


_of_tops, _of_shoes = map(_of, (TOPS, SHOES))


def _like_a_vae(found: Shown, clearer: Sequence[str]) -> bool:
    """Whether samples of INDp and INDqp are varied, doubted a little more than a VAE's, clearly more than others'."""
    return all(
        each.variety > MANY_LABELS
        and each.doubt > found.samples("vae").doubt
        and not each.doubted_more(found.samples("vae"))
        and all(each.doubted_more(found.samples(name)) for name in clearer)
        for each in map(found.samples, PLAIN)
    )


CLOTHING = (
    Claim(
        number="R1",
        says="CP-VAE's categories follow what a person would call kinds and sub-kinds of clothes",
        verdict="holds for kinds, and for INDq as well; sub-kinds are judged by eye",
        where=f"{PAGE}#fig-6-cp-vae-twenty-categories",
        measured=lambda stored: (
            f"generation purity: {clothes(stored).text(drawn_purity, 3)}; by chance: "
            f"{clothes(stored).text(chance, 3)}; purity on test images: {clothes(stored).text(purity, 3)}"
        ),
        stands=lambda stored: all(
            clothes(stored).mean(name, drawn_purity) > PURE > 3 * clothes(stored).mean(name, chance) for name in BOTH
        ),
    ),
    Claim(
        number="R2",
        says="INDq does not always capture the categories: it mixes kinds in some of them",
        verdict="does not hold here with a learned prior, as the paper describes it: INDq keeps to kinds as CP-VAE "
        "does; with priors that stay where they start, and overlap there, both mix",
        where=KINDS,
        measured=lambda stored: (
            f"generation purity: {clothes(stored).text(drawn_purity, 3)}; categories of {SIZE} that draw no kind "
            f"in more than half of the cases: {clothes(stored).text(mixed, 0)}; with priors frozen at the "
            "usual start and at means drawn from [0, 1]: generation purity "
            f"{_both_frozen(stored, drawn_purity)}; by chance {_both_frozen(stored, chance)}; INDq learned from "
            f"the latter start {_changed(stored, 'indq-uniform', drawn_purity).format(3)}; CP-VAE whose posterior "
            f"of z sees a category {_changed(stored, 'cp-drawn', drawn_purity).format(3)}"
        ),
        stands=lambda stored: (
            abs(clothes(stored).excess(drawn_purity)) < 0.03
            and all(_changed(stored, f"{name}-{how}", drawn_purity).mean < 0.3 for name in BOTH for how in FROZEN)
            and all(_changed(stored, label, drawn_purity).mean > PURE for label in ("indq-uniform", "cp-drawn"))
        ),
    ),
    Claim(
        number="R3",
        says="CP-VAE gives most categories a share above 1/150, INDq only a few",
        verdict="does not hold here: neither has most of its categories above 1/150, not even CP-VAE without a "
        "warm-up; with the usual warm-up INDq has more than CP-VAE on average over seeds",
        where=FIG_9,
        measured=lambda stored: (
            f"above 1/150: {clothes(stored).text(used, 0)}; the entropy of q(c) is that of so many equal categories: "
            f"{clothes(stored).text(effective, 0)}; CP-VAE without warm-up: "
            f"{_changed(stored, 'cp-no-warmup', used).format(0)} and "
            f"{_changed(stored, 'cp-no-warmup', effective).format(0)}"
        ),
        stands=lambda stored: (
            clothes(stored).mean("cp", used) < clothes(stored).mean("indq", used) < SIZE / 2
            and clothes(stored).mean("cp", used) < _changed(stored, "cp-no-warmup", used).mean < SIZE / 2
        ),
    ),
    Claim(
        number="R3b",
        says="The vast majority of INDq's categories have a probability near zero, so that it is almost impossible to "
        "draw from other groups",
        verdict="does not hold here: on clothes the least used category of INDq has more than a tenth of 1/150, and "
        "half of them have more than two thirds of it; on MNIST fewer than one in ten of 150 are empty",
        where=FIG_9,
        measured=lambda stored: (
            f"Fashion-MNIST: share of the least used category, in units of 1/150: {clothes(stored).text(rarest)}; of "
            f"the one in the middle: {clothes(stored).text(middle)}; MNIST: empty {digits(stored).text(empty, 0)}; in "
            f"the middle {digits(stored).text(middle)}; Fashion-MNIST, INDq whose prior is frozen: "
            f"{_changed(stored, 'indq-frozen-uniform', rarest).format(2)} and "
            f"{_changed(stored, 'indq-frozen-uniform', middle).format(2)}"
        ),
        stands=lambda stored: (
            clothes(stored).mean("indq", rarest) > 0.1
            and clothes(stored).mean("indq", middle) > 2 / 3
            and digits(stored).mean("indq", empty) < SIZE / 10
            and digits(stored).mean("indq", middle) > 2 / 3
            and _changed(stored, "indq-frozen-uniform", rarest).mean > 0.1
        ),
    ),
    Claim(
        number="R4a",
        says="CP-VAE uses different categories for different labels; INDq, INDp and INDqp share them",
        verdict="depends on the model: INDp and INDqp share them, INDq does no more than CP-VAE",
        where=f"{PAGE}#table-2-the-first-five-categories-of-each-label",
        measured=lambda stored: (
            "what two labels have in common of their categories, from 0 to 1: "
            f"{clothes(stored).text(overlap, 2, FOUR)}; shared categories in the form of Table 2: "
            f"{clothes(stored).text(shared, 0, FOUR)}; in the paper's table {NAMES['cp']} "
            f"{shared_in_paper('cp', CLOTHES)}, {NAMES['indq']} {shared_in_paper('indq', CLOTHES)}; by chance "
            f"{shared_by_chance(10, SIZE):.1f}"
        ),
        stands=lambda stored: (
            clothes(stored).excess(overlap, "indq", "cp") < 0.02
            and clothes(stored).mean("cp", overlap) < 0.2
            and min(clothes(stored).mean(name, overlap) for name in PLAIN) > 0.7
        ),
    ),
    Claim(
        number="R4b",
        says="CP-VAE gives several categories a high probability for each label, and so finds its sub-kinds",
        verdict="holds for several categories, with more for tops than for shoes, and for INDq as well; sub-kinds are "
        "judged by eye",
        where=f"{PAGE}#figs-10-to-12-which-labels-a-category-serves",
        measured=lambda stored: (
            "the entropy of q(c|label) is that of so many equal categories, the label with fewest and with most: "
            + range_of_labels(clothes(stored), BOTH)
        ),
        stands=lambda stored: (
            all(clothes(stored).mean(name, fewest_of_a_label) > 2 for name in BOTH)
            and clothes(stored).mean("cp", _of_shoes) < clothes(stored).mean("cp", _of_tops)
        ),
    ),
    Claim(
        number="R5a",
        says="INDp and INDqp use the majority of categories, almost uniformly",
        verdict="holds by the entropy of q(c), with INDq between them and CP-VAE; even use leaves only about half of "
        "them above 1/150",
        where=FIG_9,
        measured=lambda stored: (
            "the entropy of q(c) is that of so many equal categories: "
            f"{clothes(stored).text(effective, 0, FOUR)}; above 1/150: {clothes(stored).text(used, 0, FOUR)}"
        ),
        stands=lambda stored: all(
            clothes(stored).mean(name, effective) > max(0.9 * SIZE, clothes(stored).mean("indq", effective))
            and 0.4 * SIZE < clothes(stored).mean(name, used) < 0.5 * SIZE
            for name in PLAIN
        ),
    ),
    Claim(
        number="R5b",
        says="A category of INDp or INDqp mixes kinds",
        verdict="holds: what a category draws is hardly purer than chance",
        where=KINDS,
        measured=lambda stored: (
            f"generation purity {clothes(stored).text(drawn_purity, 3, PLAIN)}; by chance "
            f"{clothes(stored).text(chance, 3, PLAIN)}"
        ),
        stands=lambda stored: clothes(stored).mixes(PLAIN),
    ),
    Claim(
        number="R5c",
        says="INDq, INDp and INDqp draw decent samples",
        verdict="depends on the model (64 samples of the first seed). INDq: varied, and clearer to a classifier than a "
        "VAE's. INDp and INDqp: varied, and less clear than INDq's, on digits also than CP-VAE's. Whether they are "
        "less clear than a VAE's, too, 64 samples do not decide",
        where=JUDGED,
        measured=lambda stored: (
            "labels that one sample could have, 1 being no doubt: MNIST: "
            f"{digits(stored).doubts((*FOUR, 'vae'))}; Fashion-MNIST: {clothes(stored).doubts((*FOUR, 'vae'))}"
        ),
        stands=lambda stored: (
            _like_a_vae(clothes(stored), ["indq"])
            and _like_a_vae(digits(stored), BOTH)
            and all(clearer_than_a_vae(found(stored), "indq") for found in (clothes, digits))
        ),
    ),
    Claim(
        number="R5d",
        says="INDq, INDp and INDqp cannot generate conditionally, which is CP-VAE's critical advantage",
        verdict="depends on the model: INDq draws mostly one kind from a category, as CP-VAE does, on clothes and on "
        "digits; INDp and INDqp draw hardly purer than chance",
        where=KINDS,
        measured=lambda stored: "; ".join(
            f"{found.title}: generation purity {found.text(drawn_purity, 3, FOUR)}; by chance "
            f"{found.text(chance, 3, FOUR)}"
            for found in (clothes(stored), digits(stored))
        ),
        stands=lambda stored: all(
            min(found.mean(name, drawn_purity) for name in BOTH) > PURE
            and abs(found.excess(drawn_purity)) < 0.05
            and found.mixes(PLAIN)
            for found in (clothes(stored), digits(stored))
        ),
    ),
    Claim(
        number="R6",
        says="With labels at hand afterwards, the sub-kinds of a label can be generated",
        verdict="depends on how many categories are taken (first seed): the first two of a label draw its kind in most "
        "cases, five do not for shoes; sub-kinds are judged by eye",
        where=f"{PAGE}#fig-13-from-a-label-to-its-kinds",
        measured=lambda stored: (
            "CP-VAE, share of the draws that the classifier gives the label, first two: "
            f"{least_and_most(named_as_asked(clothes(stored), count=2))}; first five: "
            f"{least_and_most(named_as_asked(clothes(stored)))}; INDq, first five: "
            f"{least_and_most(named_as_asked(clothes(stored), 'indq'))}"
        ),
        stands=lambda stored: (
            {kind for kind, share in enumerate(named_as_asked(clothes(stored))) if share < 0.5} == set(SHOES)
            and min(named_as_asked(clothes(stored), count=2)) > 0.5
            and max(named_as_asked(clothes(stored))) > 0.9
        ),
    ),
    Claim(
        number="R7a",
        says="Without supervision the discrete variable discovers the true labels, as the major source of variability",
        verdict="depends on the data and on the number: with 150 categories the category tells the label of nearly all "
        "digits and of three in four clothes, with ten of three in four digits and of six in ten clothes; INDq's tells "
        "about as much; those of INDp and INDqp tell hardly anything",
        where=f"{PAGE}#four-trained-models",
        measured=lambda stored: (
            "share of test images whose category is named after their label: "
            f"{by_column(_named(stored), accuracy, digits=3)}; with 150 on Fashion-MNIST "
            f"{clothes(stored).text(accuracy, 3, PLAIN)}"
        ),
        stands=lambda stored: (
            all(
                least < found.mean(name, accuracy) < most
                for found, (least, most) in zip(
                    _named(stored), ((0.6, 0.67), (0.72, 0.82), (0.65, 0.78), (0.93, 1.0)), strict=True
                )
                for name in BOTH
            )
            and all(clothes(stored).mean(name, accuracy) < 0.2 for name in PLAIN)
        ),
    ),
    Claim(
        number="R7b",
        says="There are ten main categories, as dresses and sandals",
        verdict="holds for 150 categories, and for INDq as well: every label has categories of its own; with ten, two "
        "of CP-VAE's labels have none",
        where=f"{PAGE}#table-2-the-first-five-categories-of-each-label",
        measured=lambda stored: (
            "labels that are the most frequent one of some category: "
            f"{by_column(columns(stored, *BOTH, over=[CLOTHES]), labels_with_a_category, digits=0)}"
        ),
        stands=lambda stored: (
            all(min(clothes(stored).over_seeds(name, labels_with_a_category).values) == 10 for name in BOTH)
            and Shown(stored, CLOTHES, 10).mean("cp", labels_with_a_category) == 8
        ),
    ),
)
