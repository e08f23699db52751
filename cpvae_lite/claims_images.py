"""Section 6.2, sentence by sentence: what the paper says of images, and what our runs say.

Figures are of the models that are shown: 150 categories on Fashion-MNIST, which is meant where no data set is named,
and on MNIST, 500 on Omniglot. They are mean ± standard deviation over seeds where there are several.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

from cpvae_lite.claims import Claim, Stored, open_claim
from cpvae_lite.claims_bounds import BOUNDS, JUDGED, clearer_than_a_vae
from cpvae_lite.comparison import overlap, shared, shared_in_paper
from cpvae_lite.config import NAMES
from cpvae_lite.grids import SHOWN
from cpvae_lite.image_figures import (
    Figure,
    alphabet_accuracy,
    categories_of_labels,
    chance,
    drawn_purity,
    effective,
    empty,
    middle,
    mixed,
    most_of_an_alphabet,
    purity,
    rarest,
    used,
)
from cpvae_lite.metrics import shared_by_chance
from cpvae_lite.results import Spread
from cpvae_lite.shown import (
    BOTH,
    CLOTHES,
    DIGITS,
    FOUR,
    LETTERS,
    MANY_LABELS,
    PLAIN,
    Shown,
    by_data,
    clothes,
    digits,
    least_and_most,
    letters,
    named_as_asked,
)

SIZE = SHOWN[CLOTHES]
PURE = 0.7  # categories that draw one kind in seven of ten cases, ten kinds being possible, keep to kinds
PAGE = "fashion-categories"
TOPS, SHOES = (0, 2, 4, 6), (5, 7, 9)  # labels: T-shirt, pullover, coat, shirt; sandal, sneaker, ankle boot
FIG_9, KINDS = f"{PAGE}#fig-9-how-much-each-category-holds", f"{PAGE}#does-a-category-keep-to-one-kind-a-number"


def _of_indq(stored: Stored, figure: Figure) -> str:
    return by_data(stored, figure, ["indq"], 0, (DIGITS, CLOTHES))


def _use(found: Shown, names: Sequence[str]) -> str:
    """How many categories some models use, counted in three ways over the test images."""
    return (
        f"empty: {found.text(empty, 0, names)}; above 1/K: {found.text(used, 0, names)}; the entropy of q(c) is that "
        f"of so many equal categories: {found.text(effective, 0, names)}"
    )


def _changed(stored: Stored, label: str, figure: Figure) -> Spread:
    """A figure of the runs whose prior starts at means drawn from [0, 1], and with "frozen" stays there."""
    return stored("ablations").over_seeds(label, figure)


def _both_frozen(stored: Stored, figure: Figure) -> str:
    each = ((NAMES[name], _changed(stored, f"{name}-frozen-uniform", figure)) for name in BOTH)
    return ", ".join(f"{name} {found.format(3)}" for name, found in each)


def _range_of_labels(found: Shown, names: Sequence[str]) -> str:
    each = ((name, [found.one(name, _extreme(end), 0) for end in (min, max)]) for name in names)
    return ", ".join(f"{NAMES[name]} {few} and {many}" for name, (few, many) in each)


def _extreme(end: Callable) -> Figure:
    return lambda found: end(categories_of_labels(found))


def _of(kinds: Sequence[int]) -> Figure:
    """Of some kinds of clothes the mean number of equal categories."""
    return lambda found: fmean(categories_of_labels(found)[kind] for kind in kinds)


_of_tops, _of_shoes = map(_of, (TOPS, SHOES))


def _at_chance(found: Shown) -> bool:
    """Whether what categories of INDp and INDqp draw is purer than chance by less than a hundredth."""
    return all(found.mean(name, drawn_purity) < found.mean(name, chance) + 0.01 for name in PLAIN)


def _like_a_vae(found: Shown, clearer: Sequence[str]) -> bool:
    """Whether samples of INDp and INDqp are varied, doubted a little more than a VAE's, clearly more than others'."""
    return all(
        each.variety > MANY_LABELS
        and each.doubt > found.samples("vae").doubt
        and not each.doubted_more(found.samples("vae"))
        and all(each.doubted_more(found.samples(name)) for name in clearer)
        for each in map(found.samples, PLAIN)
    )


IMAGES = (
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
        "does; with priors frozen at means drawn from [0, 1], both mix",
        where=KINDS,
        measured=lambda stored: (
            f"generation purity: {clothes(stored).text(drawn_purity, 3)}; categories of {SIZE} that draw no kind "
            f"in more than half of the cases: {clothes(stored).text(mixed, 0)}; with frozen priors: generation purity "
            f"{_both_frozen(stored, drawn_purity)}; by chance {_both_frozen(stored, chance)}; INDq learned from "
            f"the same start {_changed(stored, 'indq-uniform', drawn_purity).format(3)}; CP-VAE whose posterior "
            f"of z sees a category {_changed(stored, 'cp-drawn', drawn_purity).format(3)}"
        ),
        stands=lambda stored: (
            abs(clothes(stored).ahead(drawn_purity)) < 0.03
            and all(_changed(stored, f"{name}-frozen-uniform", drawn_purity).mean < 0.3 for name in BOTH)
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
        "half of them have more than two thirds of it; on MNIST fewer than one in ten are empty",
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
            clothes(stored).ahead(overlap, "indq", "cp") < 0.02
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
            + _range_of_labels(clothes(stored), BOTH)
        ),
        stands=lambda stored: (
            all(clothes(stored).mean(name, _extreme(min)) > 2 for name in BOTH)
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
        stands=lambda stored: _at_chance(clothes(stored)),
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
            and abs(found.ahead(drawn_purity)) < 0.05
            and _at_chance(found)
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
        verdict="depends on how one counts: few are empty, fewer than half are above 1/150",
        where="mnist#fig-a1-how-much-each-category-holds",
        measured=lambda stored: _use(digits(stored), ("cp",)),
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
            f"the digit with fewest and with most: {_range_of_labels(digits(stored), BOTH)}"
        ),
        stands=lambda stored: all(
            digits(stored).mean(name, overlap) < 0.05 and digits(stored).mean(name, _extreme(min)) > 2 for name in BOTH
        ),
    ),
    Claim(
        number="M2",
        says="INDq uses more categories on MNIST than on Fashion-MNIST, yet mixes",
        verdict="does not hold here: it hardly mixes, and whether it uses more depends on how one counts",
        where="mnist#fig-a4-indq-twenty-categories",
        measured=lambda stored: (
            f"generation purity {digits(stored).one('indq', drawn_purity, 3)}; shared "
            f"categories {digits(stored).one('indq', shared, 0)}, in the paper's table "
            f"{shared_in_paper('indq', DIGITS)}; above 1/150: {_of_indq(stored, used)}; the entropy of q(c) is that of "
            f"so many equal categories: {_of_indq(stored, effective)}"
        ),
        stands=lambda stored: (
            digits(stored).mean("indq", drawn_purity) > 0.9
            and digits(stored).mean("indq", used) > clothes(stored).mean("indq", used)
            and digits(stored).mean("indq", effective) < clothes(stored).mean("indq", effective)
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
        stands=lambda stored: _at_chance(digits(stored)),
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
            f"{letters(stored).text(most_of_an_alphabet, 3, FOUR)}"
        ),
        stands=lambda stored: (
            all(letters(stored).twice(figure, BOTH, PLAIN) for figure in (alphabet_accuracy, most_of_an_alphabet))
            and letters(stored).mean("indq", alphabet_accuracy) > letters(stored).mean("cp", alphabet_accuracy)
        ),
    ),
    Claim(
        number="O2",
        says="On Omniglot CP-VAE uses the vast majority of its categories with high probability",
        verdict="does not hold here (other images than the paper's): two in five are empty",
        where="omniglot#fig-a7-how-much-each-category-holds",
        measured=lambda stored: _use(letters(stored), BOTH),
        stands=lambda stored: letters(stored).mean("cp", empty) > 0.3 * SHOWN[LETTERS],
    ),
    *BOUNDS,
    open_claim(
        "C1",
        "CP-VAE performs similarly to a human annotator",
        KINDS,
        "open: the paper shows no study of annotators, and we have none",
    ),
)
