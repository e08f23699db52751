"""What captions say of the stored runs in words, as "more than a nat" or "the last of nine", and when it is true.

Words stand for ranges: a third of a nat is what rounds to it. A sentence that new runs overturn is to be written anew.
"""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from cpvae_lite.classifier_score import ClassifierScore
from cpvae_lite.datasets import load_dataset
from cpvae_lite.purity import Purity
from cpvae_lite.study.claims_bounds import MIXTURES, SLIGHT
from cpvae_lite.study.columns import (
    ACTIVE,
    ALIKE,
    BOUND,
    BY_KIND,
    DISTORTION,
    EMPTY,
    ENTROPY,
    EVIDENCE,
    LESS_UNEVEN,
    PRICE_OF_C,
    PURITY,
    RATE,
    RELAXED,
    TOLD,
    UNEVEN,
    USED,
    Column,
)
from cpvae_lite.study.comparison import samples_table
from cpvae_lite.study.image_figures import SHOES, TOPS, purity_by_use, stored_purity
from cpvae_lite.study.paper import SIZES, reported
from cpvae_lite.study.results import Results
from cpvae_lite.study.shown import BOTH, CLOTHES, DIGITS, FOUR, LETTERS, PLAIN
from cpvae_lite.study.stored_runs import score_of_samples

NATS = (BOUND, EVIDENCE)
COLUMNS_OF_TABLE_3 = [(data, size) for data, sizes in SIZES.items() for size in sizes]
CLEAR = [f"{name}-{size}" for name in BOTH for size in (150, 500)]
PURE, CHANCE = PURITY
OF_TOPS, OF_SHOES, _ = BY_KIND
IMPURE = Column("impurity", lambda found: 1 - found["labels"]["digit"]["purity"])  # less is better, as of bounds
IMPURE_DRAWS = Column("impurity of draws", lambda found: 1 - found["generation"]["purity"])
DRAWN_SHOES = Column("shoes among draws", lambda found: _drawn(found, SHOES))


class Runs:
    """Figures of the stored runs of all data sets, the mean over seeds; of none where there is none."""

    def __init__(self, stored=Results):
        self._stored = cache(stored)

    def of(self, column: Column, data: str, label: str) -> float:
        return column.mean(self._stored(data), label)

    def each(self, column: Column, data: str, label: str) -> list[float]:
        """Of each seed."""
        return column.values(self._stored(data), label)

    def ahead(self, column: Column, data: str, label: str, other: str) -> float:
        """Nats that a run costs less than another one; a negative number if it costs more."""
        return self.of(column, data, other) - self.of(column, data, label)

    def labels(self, data: str) -> list[str]:
        return self._stored(data).labels

    def all(self, data: str, label: str) -> list[dict]:
        """The records of a run, seed after seed."""
        return self._stored(data).runs(label)

    def first(self, data: str, label: str) -> dict:
        """The record of the first seed."""
        return self.all(data, label)[0]

    def samples(self, data: str, label: str) -> ClassifierScore:
        """How a classifier judges 64 samples of the first seed."""
        return score_of_samples(self._stored(data), label)

    def all_draws(self, data: str, label: str) -> Purity:
        """How it labels all draws that the record of the first seed counts."""
        return stored_purity(self.first(data, label)["measures"])

    def gained(self, data: str, label: str) -> float:
        """Nats in the last 50 epochs, on validation images."""
        bound = self.first(data, label)["validation"]["bound"]
        return sum(bound[-10:]) / 10 - sum(bound[-60:-50]) / 10


def paper(data: str, label: str) -> float:
    name, _, size = label.partition("-")
    return reported(name, data, int(size) if size else None)


def paper_ahead(data: str, label: str, other: str) -> float:
    return paper(data, other) - paper(data, label)


def best(runs: Runs, column: Column, data: str) -> str:
    return min(runs.labels(data), key=lambda label: runs.of(column, data, label))


def spread(runs: Runs, column: Column, data: str, labels: list[str]) -> float:
    return _range([runs.of(column, data, label) for label in labels])


def gaps(runs: Runs) -> dict[tuple[str, str], float]:
    """How far each bound lies above its relaxed value."""
    return {
        (data, label): runs.of(BOUND, data, label) - runs.of(RELAXED, data, label)
        for data in SIZES
        for label in runs.labels(data)
        if label.partition("-")[0] in FOUR
    }


def _drawn(measures: dict, labels: tuple[int, ...], weighted: Callable = stored_purity) -> float:
    """The share of all draws that have one of some labels."""
    return weighted(measures).overall[list(labels)].sum().item()


def drawing(record: dict, labels: tuple[int, ...]) -> int:
    """How many categories or components draw one of some labels most often."""
    return len(stored_purity(record["measures"]).among(labels).counts)


def changed(runs: Runs, column: Column, label: str, usual: str = "cp-150") -> float:
    """How much more a run with a changed setting has than those without, on average over their seeds."""
    return runs.of(column, ABLATIONS, label) - runs.of(column, CLOTHES, usual)


def same_seed(runs: Runs, column: Column, label: str, usual: str = "cp-150") -> float:
    """How much more it has than the run without that has its seed."""
    return runs.each(column, ABLATIONS, label)[0] - runs.each(column, CLOTHES, usual)[0]


def apart(runs: Runs, column: Column, usual: str = "cp-150") -> float:
    """How far the seeds of a run on clothes lie apart."""
    return _range(runs.each(column, CLOTHES, usual))


def leads(runs: Runs, column: Column, data: str) -> list[float]:
    """By how much CP-VAE is ahead of INDq with 150 categories, seed by seed."""
    cp, indq = (runs.each(column, data, f"{name}-150") for name in BOTH)
    return [other - one for one, other in zip(cp, indq, strict=True)]


def _pooled(groups: list[list[float]]) -> float:
    """The variance within groups that have means of their own."""
    groups = [group for group in groups if group]
    squares = [(value - statistics.fmean(group)) ** 2 for group in groups for value in group]
    freedom = sum(len(group) - 1 for group in groups)
    return sum(squares) / freedom if freedom else math.nan


def luck_of_a_pair(runs: Runs, column: Column) -> float:
    """Twice the deviation of the difference between one training each of CP-VAE and INDq."""
    each = [[runs.each(column, data, f"{name}-150") for data in (CLOTHES, DIGITS)] for name in BOTH]
    return 2 * math.sqrt(sum(map(_pooled, each)))


def beyond_luck(runs: Runs, column: Column) -> list[tuple[str, int]]:
    """Where CP-VAE and INDq differ by more than twice what single trainings on clothes and digits differ by."""
    luck = luck_of_a_pair(runs, column)
    return [
        (data, size)
        for data, size in COLUMNS_OF_TABLE_3
        if abs(runs.ahead(column, data, f"cp-{size}", f"indq-{size}")) > luck
    ]


def mixture_keeps_up(runs: Runs) -> bool:
    """Whether MoG is ahead of a VAE on clothes and digits, and where beside CP-VAE and INDq."""
    return (
        all(runs.ahead(BOUND, data, f"mog-{size}", "vae") > 0.5 for data in (CLOTHES, DIGITS) for size in SIZES[data])
        and all(runs.ahead(BOUND, data, f"{name}-10", "mog-10") > 0.1 for data in (CLOTHES, DIGITS) for name in BOTH)
        and all(abs(runs.ahead(BOUND, data, "mog-150", f"{n}-150")) < 0.6 for data in (CLOTHES, DIGITS) for n in BOTH)
        and all(
            runs.ahead(BOUND, LETTERS, f"mog-{size}", f"{name}-{size}") > 0.1 for size in (50, 500) for name in BOTH
        )
    )


def best_of_size(runs: Runs, data: str, size: int) -> str:
    """The model with the best bound among those of a size and those that have none."""
    return min(
        (label for label in runs.labels(data) if label.partition("-")[2] in ("", str(size))),
        key=lambda label: runs.of(BOUND, data, label),
    )


def in_picture(runs: Runs, data: str, label: str) -> float:
    """The share of what a model gains over the VAE that it gains in redrawing, and not in its code."""
    return runs.ahead(DISTORTION, data, label, "vae") / runs.ahead(BOUND, data, label, "vae")


def _range(values: list[float]) -> float:
    return max(values) - min(values)


def errors_apart(one: ClassifierScore, other: ClassifierScore) -> float:
    """Doubt of one less the other's, in standard errors of the difference."""
    return (one.doubt - other.doubt) / math.hypot(one.doubt_error, other.doubt_error)


@cache
def of_real(figure: str, data: str = DIGITS) -> tuple[float, float]:
    """The same of groups of real images: mean and deviation, as the table of samples has them."""
    table = samples_table(Results(data), load_dataset(data, subset=True))
    mean, _, deviation = table.rows[-1][table.header.index(figure)].partition(" ± ")
    return float(mean), float(deviation)


def below_real(runs: Runs, data: str, label: str) -> float:
    """How much less varied a sheet of samples is than groups of real images, in deviations of these."""
    mean, deviation = of_real("variety", data)
    return (mean - runs.samples(data, label).variety) / deviation


def purer(runs: Runs, data: str, label: str, other: str) -> float:
    """How much more often draws of one category or component have its most frequent label."""
    return runs.of(PURE, data, label) - runs.of(PURE, data, other)


def place(runs: Runs, column: Column, data: str, label: str) -> int:
    """From 1, for the least, among the models with ten categories or components."""
    of_ten = [label for label in runs.labels(data) if label.endswith("-10")]
    return sorted(of_ten, key=lambda other: runs.of(column, data, other)).index(label) + 1


def trained_on(runs: Runs, data: str, label: str) -> float:
    """The negative bound of the images of training."""
    return runs.first(data, label)["splits"]["train"]["negative_bound"]


def by_heart(runs: Runs, data: str, label: str) -> float:
    return runs.first(data, label)["measures"]["negative_bound"] - trained_on(runs, data, label)


def gained_by_codes(runs: Runs, data: str, label: str) -> float:
    """Nats that ten times as many codes bring."""
    run = runs.first(data, label)
    return run["measures"]["negative_log_evidence"] - run["closer"]["negative_log_evidence"]


@dataclass(frozen=True)
class Said:
    """A sentence, the page it stands on, and when it is true."""

    page: str
    quote: str
    holds: Callable[[Runs], bool]


TABLE, BEHIND, SAMPLES = "comparison", "behind-table-3", "samples"
CLOTHES_PAGE, DIGITS_PAGE, LETTERS_PAGE = "fashion-categories", "mnist", "omniglot"
SETTINGS, ABLATIONS = "what-decides", "ablations"
README = "../README.md"
FROZEN = ("frozen", "frozen-uniform")  # at the usual start, and at means drawn from [0, 1]
LEARNED = (  # runs whose p(z|c) is learned: table and label
    *((CLOTHES, f"{name}-150") for name in ("cp", "indq")),
    *((ABLATIONS, label) for label in ("cp-drawn", "cp-elu", "cp-no-warmup", "cp-unclipped", "indq-uniform")),
)
SAID = [
    # --- Table 3, clothes
    Said(
        TABLE,
        "Ours is about a nat above the paper's.",
        lambda runs: 0.75 < runs.of(BOUND, CLOTHES, "vae") - paper(CLOTHES, "vae") < 1.25,
    ),
    Said(
        TABLE,
        "CP-VAE, INDq, MoG and VampPrior are all ahead of the VAE, by eight tenths of a nat to one and a half. With "
        "150 or 500 places they lie within four tenths of a nat. With ten, CP-VAE is ahead of the two mixtures by more "
        "than half a nat.",
        lambda runs: (
            all(
                0.75 < runs.ahead(BOUND, CLOTHES, f"{name}-{size}", "vae") < 1.6
                for name in (*BOTH, "mog", "vamp")
                for size in SIZES[CLOTHES]
            )
            and spread(
                runs, BOUND, CLOTHES, [f"{name}-{size}" for name in (*BOTH, "mog", "vamp") for size in (150, 500)]
            )
            < 0.4
            and all(runs.ahead(BOUND, CLOTHES, "cp-10", f"{name}-10") > 0.5 for name in ("mog", "vamp"))
        ),
    ),
    Said(
        TABLE,
        "HVAE has about the same bound as CP-VAE with 10 categories, and a better $-\\log p(x)$, by a third of a nat.",
        lambda runs: (
            abs(runs.ahead(BOUND, CLOTHES, "hvae", "cp-10")) < 0.1
            and 0.25 < runs.ahead(EVIDENCE, CLOTHES, "hvae", "cp-10") < 0.45
        ),
    ),
    Said(
        TABLE,
        "HVamp, two levels and a mixture, has the best bound and the best $-\\log p(x)$ of all, at each number: with "
        "150 components it is a sixth of a nat better than with ten, with 500 less than a tenth better still.",
        lambda runs: all(
            sorted(runs.labels(CLOTHES), key=lambda label: runs.of(column, CLOTHES, label))[:3]
            == ["hvamp-500", "hvamp-150", "hvamp-10"]
            and 0.13 < runs.ahead(column, CLOTHES, "hvamp-150", "hvamp-10") < 0.2
            and 0 < runs.ahead(column, CLOTHES, "hvamp-500", "hvamp-150") < 0.1
            for column in NATS
        ),
    ),
    Said(
        TABLE,
        "INDp and INDqp are worse than this VAE with 10, 150 and 500 categories, by their bounds and by",
        lambda runs: all(
            runs.ahead(column, CLOTHES, "vae", f"{name}-{size}") > 0.1
            for column in NATS
            for name in PLAIN
            for size in SIZES[CLOTHES]
        ),
    ),
    Said(
        TABLE,
        "and by the relaxed value they are ahead of the VAE",
        lambda runs: all(
            runs.of(RELAXED, CLOTHES, f"{name}-{size}") < runs.of(BOUND, CLOTHES, "vae")
            for name in PLAIN
            for size in SIZES[CLOTHES]
        ),
    ),
    Said(
        TABLE,
        "There CP-VAE and INDq are behind the VAE at each K, the more, the more categories they have. INDp and INDqp "
        "are ahead of it, and INDqp with 10 has the least number of all. MoG stands thirty-five nats and more behind "
        "the VAE, and VampPrior with 500 thirty-nine; ours show nothing of the kind.",
        lambda runs: (
            all(
                paper(CLOTHES, "vae")
                < paper(CLOTHES, f"{name}-10")
                < paper(CLOTHES, f"{name}-150")
                < paper(CLOTHES, f"{name}-500")
                for name in BOTH
            )
            and all(
                paper(CLOTHES, f"{name}-{size}") < paper(CLOTHES, "vae") for name in PLAIN for size in SIZES[CLOTHES]
            )
            and min(runs.labels(CLOTHES), key=lambda label: paper(CLOTHES, label)) == "indqp-10"
            and all(paper(CLOTHES, f"mog-{size}") - paper(CLOTHES, "vae") > 35 for size in SIZES[CLOTHES])
            and round(paper(CLOTHES, "vamp-500") - paper(CLOTHES, "vae")) == 39
            and all(runs.ahead(BOUND, CLOTHES, label, "vae") > 0.5 for label in ("mog-10", "mog-150", "vamp-500"))
        ),
    ),
    # --- Table 3, digits
    Said(
        TABLE,
        "Our VAE is almost two nats above the paper's.",
        lambda runs: 1.6 < runs.of(BOUND, DIGITS, "vae") - paper(DIGITS, "vae") < 2,
    ),
    Said(
        TABLE,
        "CP-VAE, INDq, MoG and VampPrior are more than a nat ahead of the VAE with ten already, and more than two with "
        "150.",
        lambda runs: all(
            runs.ahead(column, DIGITS, f"{name}-10", "vae") > 1 and runs.ahead(column, DIGITS, f"{name}-150", "vae") > 2
            for name in (*BOTH, "mog", "vamp")
            for column in NATS
        ),
    ),
    Said(
        TABLE,
        "With 10 it is CP-VAE, ahead of the mixtures by about a nat of the bound. With 150 CP-VAE, INDq, MoG and "
        "VampPrior lie within little more than half a nat, and trainings of CP-VAE or of INDq lie as far apart.",
        lambda runs: (
            all(0.75 < runs.ahead(BOUND, DIGITS, "cp-10", label) < 1.25 for label in ("mog-10", "vamp-10"))
            and runs.ahead(BOUND, DIGITS, "cp-10", "indq-10") > 0
            and 0.5 < spread(runs, BOUND, DIGITS, [f"{name}-150" for name in (*BOTH, "mog", "vamp")]) < 0.6
            and all(0.45 < _range(runs.each(BOUND, DIGITS, f"{name}-150")) < 0.65 for name in BOTH)
        ),
    ),
    Said(
        TABLE,
        "With 500 VampPrior is ahead of CP-VAE by a nat, and MoG by half a nat, which may be luck. MoG and VampPrior "
        "keep what they have with 150, to a tenth; CP-VAE loses about a nat, and INDq seven tenths, a little more than "
        "its trainings differ by.",
        lambda runs: (
            0.55 < _range(runs.each(BOUND, DIGITS, "indq-150")) < 0.65
            and all(
                all(abs(runs.ahead(column, DIGITS, f"{name}-500", f"{name}-150")) < 0.15 for name in ("mog", "vamp"))
                and 0.85 < runs.ahead(column, DIGITS, "cp-150", "cp-500") < 1.15
                and 0.65 < runs.ahead(column, DIGITS, "indq-150", "indq-500") < 0.75
                and 0.4 < runs.ahead(column, DIGITS, "mog-500", "cp-500") < 0.65
                and 0.7 < runs.ahead(column, DIGITS, "vamp-500", "cp-500") < 1.05
                for column in NATS
            )
        ),
    ),
    Said(
        TABLE,
        "level with CP-VAE with 150 by the bound, and a quarter of a nat better by $-\\log p(x)$.",
        lambda runs: (
            abs(runs.ahead(BOUND, DIGITS, "cp-150", "hvae")) < 0.1
            and 0.2 < runs.ahead(EVIDENCE, DIGITS, "hvae", "cp-150") < 0.3
        ),
    ),
    Said(
        TABLE,
        "HVamp has the best bound and the best $-\\log p(x)$ of all, as on clothes: with ten components already. With "
        "150 it is another nat better by the bound, and more than half a nat by $-\\log p(x)$. With 500 it keeps that, "
        "to little more than a tenth.",
        lambda runs: (
            all(
                sorted(runs.labels(DIGITS), key=lambda label: runs.of(column, DIGITS, label))[2] == "hvamp-10"
                and abs(runs.ahead(column, DIGITS, "hvamp-500", "hvamp-150")) < 0.15
                for column in NATS
            )
            and 0.9 < runs.ahead(BOUND, DIGITS, "hvamp-150", "hvamp-10") < 1.1
            and 0.5 < runs.ahead(EVIDENCE, DIGITS, "hvamp-150", "hvamp-10") < 0.75
        ),
    ),
    Said(
        TABLE,
        "With 10 categories both are ahead of the VAE, INDp by 0.59 nats and INDqp by 0.19. With 500 both are behind "
        "it, INDp by 0.61 nats and INDqp by 1.02. By $-\\log p(x)$ they are then level with it to a fifth of a nat.",
        lambda runs: (
            0.4 < runs.ahead(BOUND, DIGITS, "indp-10", "vae") < 0.65
            and 0.12 < runs.ahead(BOUND, DIGITS, "indqp-10", "vae") < 0.28
            and 0.55 < runs.ahead(BOUND, DIGITS, "vae", "indp-500") < 0.65
            and 0.9 < runs.ahead(BOUND, DIGITS, "vae", "indqp-500") < 1.1
            and all(abs(runs.ahead(EVIDENCE, DIGITS, "vae", f"{name}-500")) < 0.2 for name in PLAIN)
            and all(
                runs.ahead(BOUND, DIGITS, f"{name}-{few}", f"{name}-{many}") > SLIGHT
                for name in PLAIN
                for few, many in ((10, 150), (150, 500))
            )
        ),
    ),
    # --- the headlines
    *(
        Said(page, quote, lambda runs: mixture_keeps_up(runs))
        for page, quote in (
            (
                README,
                "with ten components it is behind CP-VAE and INDq, with 150 level with them to about half a nat, and "
                "on Omniglot ahead of both.",
            ),
            ("index.md", "and so is [a mixture without categories]"),
            ("reproduces", "and so is MoG, a VAE with a mixture as prior and no category."),
        )
    ),
    *(
        said
        for page in (README, "index.md")
        for said in (
            Said(
                page,
                "So it is on clothes and digits, without any label in training. On Omniglot a category is a layout, "
                "not a character.",
                lambda runs: (
                    all(runs.of(PURE, data, "cp-150") > 0.7 for data in (CLOTHES, DIGITS))
                    and runs.first(LETTERS, "cp-500")["measures"]["labels"]["character"]["purity"] < 0.1
                ),
            ),
            Said(
                page,
                "Categories of INDq, a close relative, mix kinds. | They keep to a kind as well as those of CP-VAE. "
                "With a prior that is not learned, those of both mix, or one category takes everything.",
                lambda runs: (
                    all(
                        runs.of(PURE, CLOTHES, f"{name}-150") > 0.7 and runs.of(PURE, ABLATIONS, f"{name}-{how}") < 0.25
                        for name in BOTH
                        for how in FROZEN
                    )
                    and runs.of(USED, ABLATIONS, "cp-frozen-wide") == 1
                ),
            ),
            Said(
                page,
                "By the bound CP-VAE is ahead of INDq in all eight columns of the paper's table. (A column is a data "
                "set with a number of categories.) | In none of eight columns are they further apart than one training "
                "of each may be by luck.",
                lambda runs: (
                    beyond_luck(runs, BOUND) == []
                    and all(paper(data, f"indq-{n}") > paper(data, f"cp-{n}") for data, n in COLUMNS_OF_TABLE_3)
                ),
            ),
            Said(
                page,
                "By the bound CP-VAE is ahead of a plain VAE in two columns of eight, INDq in none. | CP-VAE is ahead "
                "on clothes and digits. On Omniglot it is level with 50 categories and behind with 500.",
                lambda runs: (
                    all(
                        runs.ahead(BOUND, data, f"cp-{size}", "vae") > 0.5
                        for data, size in COLUMNS_OF_TABLE_3
                        if data != LETTERS
                    )
                    and abs(runs.ahead(BOUND, LETTERS, "cp-50", "vae")) < 0.35
                    and runs.ahead(BOUND, LETTERS, "vae", "cp-500") > 0.5
                    and [
                        sum(paper(data, f"{name}-{size}") < paper(data, "vae") for data, size in COLUMNS_OF_TABLE_3)
                        for name in BOTH
                    ]
                    == [2, 0]
                ),
            ),
            Said(
                page,
                "On clothes they are level with CP-VAE or a little behind by a *relaxed* value, which is no bound, and "
                "behind a plain VAE by the bound. Their categories mix kinds",
                lambda runs: all(
                    -0.1 < runs.ahead(RELAXED, CLOTHES, f"cp-{size}", f"{name}-{size}") < 0.7
                    and runs.ahead(BOUND, CLOTHES, "vae", f"{name}-{size}") > 0.1
                    and runs.of(PURE, CLOTHES, f"{name}-{size}") < runs.of(CHANCE, CLOTHES, f"{name}-{size}") + 0.05
                    for name in PLAIN
                    for size in SIZES[CLOTHES]
                ),
            ),
            Said(
                page,
                "VampPrior is behind a hierarchical VAE.",
                lambda runs: all(
                    runs.ahead(BOUND, data, "hvae", f"vamp-{size}") > 0 for data, size in COLUMNS_OF_TABLE_3
                ),
            ),
        )
    ),
    Said(
        README,
        "With 150 categories on digits a first pair of runs had CP-VAE ahead, a second one INDq, a third neither.",
        lambda runs: (
            [lead > 0 for lead in leads(runs, BOUND, DIGITS)[:2]] == [True, False]
            and abs(leads(runs, BOUND, DIGITS)[2]) < 0.1
        ),
    ),
    *(
        Said(
            page,
            "ierarchical VampPrior has the best bound in every column.",
            lambda runs: all(best_of_size(runs, *column).startswith("hvamp") for column in COLUMNS_OF_TABLE_3),
        )
        for page in (README, "index.md")
    ),
    # --- Table 3, letters
    Said(
        TABLE,
        "With 500 categories CP-VAE, INDq and INDp have a worse bound than the plain VAE; only INDqp, which hardly "
        "uses its category, is a little ahead of it. By $-\\log p(x)$ these five lie within a third of a nat.",
        lambda runs: (
            all(runs.ahead(BOUND, LETTERS, "vae", f"{name}-500") > 0 for name in FOUR[:3])
            and 0 < runs.ahead(BOUND, LETTERS, "indqp-500", "vae") < 0.5
            and runs.of(PRICE_OF_C, LETTERS, "indqp-500") < 0.05
            and spread(runs, EVIDENCE, LETTERS, ["vae", *(f"{name}-500" for name in FOUR)]) < 0.35
        ),
    ),
    Said(
        TABLE,
        "VampPrior gains six tenths of a nat of the bound from 50 to 500 components, and is then two nats ahead of "
        "CP-VAE with 500 categories; by $-\\log p(x)$ more than one.",
        lambda runs: (
            0.5 < runs.ahead(BOUND, LETTERS, "vamp-500", "vamp-50") < 0.7
            and 1.75 < runs.ahead(BOUND, LETTERS, "vamp-500", "cp-500") < 2.25
            and runs.ahead(EVIDENCE, LETTERS, "vamp-500", "cp-500") > 1
        ),
    ),
    Said(
        TABLE,
        "CP-VAE and INDq are ahead of the VAE by both numbers, by some tenths of a nat; INDp and INDqp are not.",
        lambda runs: all(
            all(0.1 < runs.ahead(column, LETTERS, f"{name}-50", "vae") < 1 for name in BOTH)
            and all(runs.ahead(column, LETTERS, f"{name}-50", "vae") < 0.05 for name in PLAIN)
            for column in NATS
        ),
    ),
    Said(
        TABLE,
        "are ahead of all four by the bound, and level with CP-VAE by $-\\log p(x)$.",
        lambda runs: all(
            all(runs.ahead(BOUND, LETTERS, label, f"{name}-50") > 0 for name in FOUR)
            and abs(runs.ahead(EVIDENCE, LETTERS, label, "cp-50")) < 0.1
            for label in ("mog-50", "vamp-50")
        ),
    ),
    Said(
        TABLE,
        "HVAE and HVamp are ahead by more than three nats, whatever the other model and the number.",
        lambda runs: all(
            runs.ahead(column, LETTERS, label, other) > 3
            for column in NATS
            for label in ("hvae", "hvamp-50", "hvamp-500")
            for other in runs.labels(LETTERS)
            if not other.startswith("hv")
        ),
    ),
    Said(
        TABLE,
        "HVamp is ahead of HVAE by less than a tenth of a nat with 50 components, and by a quarter with 500.",
        lambda runs: (
            0 < runs.ahead(BOUND, LETTERS, "hvamp-50", "hvae") < 0.1
            and 0.2 < runs.ahead(BOUND, LETTERS, "hvamp-500", "hvae") < 0.3
        ),
    ),
    Said(
        TABLE,
        "With the box filter our plain VAE costs two nats less than the paper's.",
        lambda runs: 1.75 < paper(LETTERS, "vae") - runs.of(BOUND, LETTERS, "vae") < 2.5,
    ),
    # --- Table 3, CP-VAE against INDq
    Said(
        TABLE,
        "With the first seed CP-VAE leads by nearly nine tenths of a nat, and taken alone that pair would have had a "
        "star. With the second INDq leads by two tenths, and with the third they are level to a tenth.",
        lambda runs: (
            beyond_luck(runs, BOUND) == beyond_luck(runs, EVIDENCE) == []
            and [round(lead, 1) for lead in leads(runs, BOUND, DIGITS)] == [0.9, -0.2, 0.1]
            and leads(runs, BOUND, DIGITS)[0] > luck_of_a_pair(runs, BOUND)
        ),
    ),
    Said(
        TABLE,
        "By the bound they lie a third of a nat apart, by $-\\log p(x)$ a tenth.",
        lambda runs: (
            0.28 < spread(runs, BOUND, LETTERS, ["vae", "indqp-50", "indqp-500"]) < 0.39
            and 0.05 < spread(runs, EVIDENCE, LETTERS, ["vae", "indqp-50", "indqp-500"]) < 0.15
        ),
    ),
    Said(
        TABLE,
        "HVAE, VampPrior and HVamp come out much as in the paper: within half a nat on clothes and on Omniglot, but "
        "for VampPrior with 500 on clothes; on digits within about one nat.",
        lambda runs: all(
            abs(runs.ahead(BOUND, data, label, "vae") - paper_ahead(data, label, "vae")) < most
            for data, most in ((CLOTHES, 0.55), (LETTERS, 0.55), (DIGITS, 1.1))
            for label in runs.labels(data)
            if label.partition("-")[0] in ("hvae", "vamp", "hvamp") and (data, label) != (CLOTHES, "vamp-500")
        ),
    ),
    Said(
        SAMPLES,
        "CP-VAE and INDq draw a category as often as the training images have it, and so draw shoes as often as "
        "there are. The mixtures draw all components alike. MoG comes to two thirds of the shoes, with 500 "
        "components to little more than half, VampPrior with 150 or 500 to a sixth: most of its components draw tops. "
        "With ten components HVamp draws as many shoes as there are, with 150 or 500 half as many. All the same, each "
        "of the three mixtures has a better bound with 150 than with ten.",
        lambda runs: (
            all(abs(runs.of(DRAWN_SHOES, CLOTHES, f"{name}-150") - 0.3) < 0.02 for name in BOTH)
            and all(0.6 < runs.of(DRAWN_SHOES, CLOTHES, f"mog-{size}") / 0.3 < 0.73 for size in (10, 150))
            and 0.5 < runs.of(DRAWN_SHOES, CLOTHES, "mog-500") / 0.3 < 0.6
            and all(0.13 < runs.of(DRAWN_SHOES, CLOTHES, f"vamp-{size}") / 0.3 < 0.2 for size in (150, 500))
            and all(drawing(runs.first(CLOTHES, f"vamp-{size}"), TOPS) > size / 2 for size in (150, 500))
            and all(runs.ahead(BOUND, CLOTHES, f"{name}-150", f"{name}-10") > 0.1 for name in MIXTURES)
            and abs(runs.of(DRAWN_SHOES, CLOTHES, "hvamp-10") - 0.3) < 0.02
            and all(0.45 < runs.of(DRAWN_SHOES, CLOTHES, f"hvamp-{size}") / 0.3 < 0.55 for size in (150, 500))
        ),
    ),
    # --- samples, before a classifier
    Said(
        SAMPLES,
        "digits of four runs, CP-VAE and INDq with 150 or 500 categories, are as clear as real ones.",
        lambda runs: all(
            runs.samples(DIGITS, label).doubt < real + 2 * error
            for label in CLEAR
            for real, error in [of_real("doubt")]
        ),
    ),
    Said(
        SAMPLES,
        "Those of INDp, INDqp, the VAE and HVAE are doubted clearly more than these four runs.",
        lambda runs: all(
            runs.samples(DIGITS, label).doubted_more(runs.samples(DIGITS, clear))
            for label in ("vae", "hvae", *(f"{name}-{size}" for name in PLAIN for size in SIZES[DIGITS]))
            for clear in CLEAR
        ),
    ),
    Said(
        SAMPLES,
        "INDp and INDqp, at each size, and VampPrior with 150 or 500 have the highest doubts.",
        lambda runs: (
            set(sorted(runs.labels(CLOTHES), key=lambda label: runs.samples(CLOTHES, label).doubt)[-8:])
            == {"vamp-150", "vamp-500", *(f"{name}-{size}" for name in PLAIN for size in SIZES[CLOTHES])}
        ),
    ),
    Said(
        SAMPLES,
        "Of these, 64 samples tell only INDqp with 500 from the VAE, and by little more than two standard errors, "
        "which in eight comparisons may be chance; but all from INDq with 150, by more than three standard errors.",
        lambda runs: all(
            runs.samples(CLOTHES, label).doubted_more(runs.samples(CLOTHES, "vae")) == (label == "indqp-500")
            and errors_apart(runs.samples(CLOTHES, label), runs.samples(CLOTHES, "vae")) < 2.5
            and errors_apart(runs.samples(CLOTHES, label), runs.samples(CLOTHES, "indq-150")) > 3
            for label in ("vamp-150", "vamp-500", *(f"{name}-{size}" for name in PLAIN for size in SIZES[CLOTHES]))
        ),
    ),
    Said(
        SAMPLES,
        "By all draws every run with categories or components has about nine labels or more but two, VampPrior with "
        "150 and with 500 components on clothes, which have fewer than eight. Their sheets show it, too, with seven "
        "and a half and fewer than seven, eight and eleven deviations below groups of real images. On digits VampPrior "
        "with 500 draws more eights than anything else, one in five.",
        lambda runs: (
            all(
                (7 < variety < 8) if (data, label) in [(CLOTHES, "vamp-150"), (CLOTHES, "vamp-500")] else variety > 8.9
                for data in (CLOTHES, DIGITS)
                for label in runs.labels(data)
                if "-" in label
                for variety in [runs.all_draws(data, label).variety]
            )
            and 7.25 < runs.samples(CLOTHES, "vamp-150").variety < 7.75
            and 6.5 < runs.samples(CLOTHES, "vamp-500").variety < 7
            and 7.5 < below_real(runs, CLOTHES, "vamp-150") < 8.5
            and 10.5 < below_real(runs, CLOTHES, "vamp-500") < 11.5
            and runs.all_draws(DIGITS, "vamp-500").overall.argmax() == 8
            and 0.18 < runs.all_draws(DIGITS, "vamp-500").overall[8] < 0.23
        ),
    ),
    Said(
        SAMPLES,
        "Two sheets of digits, of VampPrior with 150 and of INDqp with 500, have little more than eight, over three "
        "deviations below; all their draws have nine and three quarters. The sheet of that VampPrior holds hardly a 2; "
        "of all its draws one in nine is a 2.",
        lambda runs: (
            [label for label in runs.labels(DIGITS) if below_real(runs, DIGITS, label) > 3] == ["indqp-500", "vamp-150"]
            and all(
                8 < runs.samples(DIGITS, label).variety < 8.4
                and below_real(runs, DIGITS, label) < 4
                and 9.7 < runs.all_draws(DIGITS, label).variety < 9.9
                for label in ("indqp-500", "vamp-150")
            )
            and runs.samples(DIGITS, "vamp-150").probabilities[..., 2].mean() < 1 / 64
            and 0.1 < runs.all_draws(DIGITS, "vamp-150").overall[2] < 0.125
        ),
    ),
    Said(
        SAMPLES,
        "Components of MoG are as pure with 500 as with 150, to about a hundredth. Those of VampPrior are on clothes, "
        "to two hundredths, but on digits less pure, by five or six.",
        lambda runs: (
            all(abs(purer(runs, data, "mog-500", "mog-150")) < 0.015 for data in (CLOTHES, DIGITS))
            and abs(purer(runs, CLOTHES, "vamp-500", "vamp-150")) < 0.025
            and 0.045 < purer(runs, DIGITS, "vamp-150", "vamp-500") < 0.065
        ),
    ),
    Said(
        SAMPLES,
        "on digits 64 samples are doubted alike, and all draws have somewhat more labels with 150, and with 500 about "
        "as many as with ten.",
        lambda runs: (
            all(
                abs(errors_apart(runs.samples(DIGITS, label), runs.samples(DIGITS, "vamp-10"))) < 2
                for label in ("vamp-150", "vamp-500")
            )
            and runs.all_draws(DIGITS, "vamp-150").variety - runs.all_draws(DIGITS, "vamp-10").variety > 0.2
            and abs(runs.all_draws(DIGITS, "vamp-500").variety - runs.all_draws(DIGITS, "vamp-10").variety) < 0.2
        ),
    ),
    Said(
        SAMPLES,
        "Weighted by use both models draw shoes as often as there are, and on clothes and digits alike they have as "
        "many labels as the real images. Their components are then as pure as CP-VAE's categories, to a hundredth or "
        "two. So the shoes are not lost. In VampPrior they have 27 components, which three tenths of the images use, "
        "but of 500 drawn alike that is one draw in twenty.",
        lambda runs: (
            all(
                purity_by_use(runs.first(data, mixture)["measures"]).variety > 9.9
                and abs(purity_by_use(runs.first(data, mixture)["measures"]).purity - runs.of(PURE, data, label))
                < 0.025
                for mixture in ("vamp-500", "hvamp-500")
                for data in (CLOTHES, DIGITS)
                for label in ("cp-150", "cp-500")
            )
            and abs(_drawn(runs.first(CLOTHES, "hvamp-500")["measures"], SHOES, purity_by_use) - 0.3) < 0.02
            and drawing(runs.first(CLOTHES, "vamp-500"), SHOES) == 27
            and 0.045 < runs.of(DRAWN_SHOES, CLOTHES, "vamp-500") < 0.06
            and abs(_drawn(runs.first(CLOTHES, "vamp-500")["measures"], SHOES, purity_by_use) - 0.3) < 0.02
        ),
    ),
    Said(
        SAMPLES,
        "MoG with 150 or 500 and HVamp with 150 are nearly as clear as these four, and HVamp with 500 is as clear.",
        lambda runs: all(
            all(
                0 < errors_apart(runs.samples(DIGITS, label), runs.samples(DIGITS, clear)) < 2.5
                for label in ("mog-150", "mog-500", "hvamp-150")
            )
            and abs(errors_apart(runs.samples(DIGITS, "hvamp-500"), runs.samples(DIGITS, clear))) < 1
            for clear in CLEAR
        ),
    ),
    # --- measured from the VAE
    Said(
        TABLE,
        "In our runs both are ahead of it on clothes and on digits, and on Omniglot with 50 categories.",
        lambda runs: all(
            runs.ahead(BOUND, data, label, "vae") > 0
            for name in BOTH
            for data, sizes in ((CLOTHES, SIZES[CLOTHES]), (DIGITS, SIZES[DIGITS]), (LETTERS, (50,)))
            for label in (f"{name}-{size}" for size in sizes)
            if label in runs.labels(data)
        ),
    ),
    Said(
        TABLE,
        "On Omniglot the paper has all four of them two to ten nats behind; ours are less than one nat from the VAE.",
        lambda runs: all(
            abs(runs.ahead(BOUND, LETTERS, f"{name}-{size}", "vae")) < 1 for name in FOUR for size in SIZES[LETTERS]
        ),
    ),
    # --- how to quote a bound
    Said(
        TABLE,
        "from less than a tenth of a nat to three nats, so it can change their order.",
        lambda runs: min(gaps(runs).values()) < 0.1 and 2.75 < max(gaps(runs).values()) < 3.25,
    ),
    Said(
        TABLE,
        "The relaxed value is the smaller one in every run",
        lambda runs: min(gaps(runs).values()) > 0,
    ),
    Said(
        TABLE,
        "For CP-VAE it grows with the number of categories.",
        lambda runs: all(
            list(found) == sorted(found)
            for data in SIZES
            for found in [
                [gaps(runs)[data, f"cp-{size}"] for size in SIZES[data] if (data, f"cp-{size}") in gaps(runs)]
            ]
        ),
    ),
    Said(
        TABLE,
        "For INDp and INDqp on clothes it is more than two nats with ten already, and nearly three with 150 or 500.",
        lambda runs: all(
            gaps(runs)[CLOTHES, f"{name}-10"] > 2
            and all(2.7 < gaps(runs)[CLOTHES, f"{name}-{size}"] < 3.1 for size in (150, 500))
            for name in PLAIN
        ),
    ),
    # --- Fashion-MNIST
    Said(
        CLOTHES_PAGE,
        "For CP-VAE and INDq the relaxed value flatters by some tenths of a nat. For INDp and INDqp it flatters by "
        "about three nats.",
        lambda runs: (
            all(0.15 < gaps(runs)[CLOTHES, f"{name}-150"] < 0.75 for name in BOTH)
            and all(2.7 < gaps(runs)[CLOTHES, f"{name}-150"] < 3.3 for name in PLAIN)
        ),
    ),
    Said(
        CLOTHES_PAGE,
        "By the relaxed value the means of all four lie within a tenth of a nat",
        lambda runs: spread(runs, RELAXED, CLOTHES, [f"{name}-150" for name in FOUR]) < 0.1,
    ),
    Said(
        CLOTHES_PAGE,
        "By the bound INDp and INDqp are more than two nats behind the other two.",
        lambda runs: all(
            runs.ahead(BOUND, CLOTHES, f"{one}-150", f"{other}-150") > 2 for one in BOTH for other in PLAIN
        ),
    ),
    Said(
        CLOTHES_PAGE,
        "they are behind by a little less than two",
        lambda runs: all(
            1.6 < runs.ahead(EVIDENCE, CLOTHES, f"{one}-150", f"{other}-150") < 2 for one in BOTH for other in PLAIN
        ),
    ),
    Said(
        CLOTHES_PAGE,
        "in the paper they are more than two nats behind the VAE, here they are ahead of it by more than one.",
        lambda runs: all(
            paper_ahead(CLOTHES, f"{name}-150", "vae") < -2 and runs.ahead(BOUND, CLOTHES, f"{name}-150", "vae") > 1
            for name in BOTH
        ),
    ),
    Said(
        CLOTHES_PAGE,
        "By the bound both are a little more than two nats behind our VAE: CP-VAE within two tenths of a nat of its "
        "distance in the paper, INDq within six tenths. By the relaxed value both are ahead of the VAE.",
        lambda runs: all(
            2 < (behind := runs.of(BOUND, ABLATIONS, f"{name}-frozen-uniform") - runs.of(BOUND, CLOTHES, "vae")) < 2.5
            and abs(behind + paper_ahead(CLOTHES, f"{name}-150", "vae")) < within
            and runs.of(RELAXED, ABLATIONS, f"{name}-frozen-uniform") < runs.of(BOUND, CLOTHES, "vae")
            for name, within in zip(BOTH, (0.2, 0.6), strict=True)
        ),
    ),
    Said(
        CLOTHES_PAGE,
        "INDp and INDqp are within a hundredth of it",
        lambda runs: all(
            abs(runs.of(PURE, CLOTHES, f"{name}-150") - runs.of(CHANCE, CLOTHES, f"{name}-150")) < 0.01
            for name in PLAIN
        ),
    ),
    Said(
        CLOTHES_PAGE,
        "a little under half of them lie above 1/150",
        lambda runs: all(0.4 * 150 < runs.of(USED, CLOTHES, f"{name}-150") < 0.5 * 150 for name in PLAIN),
    ),
    # --- MNIST
    Said(
        DIGITS_PAGE,
        "Between CP-VAE and INDq nothing is decided: with the first seed CP-VAE is ahead by bound, evidence and "
        "purity, with the second INDq is, and with the third neither is.",
        lambda runs: all(
            [lead > 0 for lead in leads(runs, column, DIGITS)[:2]] == [True, False]
            and abs(leads(runs, column, DIGITS)[2]) < 0.1
            and all(runs.ahead(column, DIGITS, f"{one}-150", f"{name}-150") > 0 for one in BOTH for name in PLAIN)
            for column in (*NATS, IMPURE)
        ),
    ),
    Said(
        DIGITS_PAGE,
        "With the first seed CP-VAE is a little ahead of INDq, with the second it is the other way round, and with the "
        "third they are level.",
        lambda runs: (
            [lead > 0 for lead in leads(runs, IMPURE_DRAWS, DIGITS)[:2]] == [True, False]
            and abs(leads(runs, IMPURE_DRAWS, DIGITS)[2]) < 0.0015
        ),
    ),
    Said(
        DIGITS_PAGE,
        "And the bound is half a nat worse than with 150.",
        lambda runs: 0.4 < runs.ahead(BOUND, DIGITS, "cp-150", "cp-10") < 0.6,
    ),
    Said(
        DIGITS_PAGE,
        "A category of CP-VAE or INDq draws one digit in about nineteen of twenty cases; one of INDp or INDqp is as "
        "mixed as chance makes it.",
        lambda runs: (
            all(0.94 < runs.of(PURE, DIGITS, f"{name}-150") < 0.97 for name in BOTH)
            and all(
                abs(runs.of(PURE, DIGITS, f"{name}-150") - runs.of(CHANCE, DIGITS, f"{name}-150")) < 0.01
                for name in PLAIN
            )
        ),
    ),
    Said(
        DIGITS_PAGE,
        "by three to four tenths of a nat for CP-VAE and INDq, by about one and a half for INDp and INDqp.",
        lambda runs: (
            all(0.28 < gaps(runs)[DIGITS, f"{name}-150"] < 0.45 for name in BOTH)
            and all(1.25 < gaps(runs)[DIGITS, f"{name}-150"] < 1.75 for name in PLAIN)
        ),
    ),
    Said(
        DIGITS_PAGE,
        "In the paper INDp is level with the VAE. So it is by our bound; by our relaxed value it is well ahead. INDqp "
        "is ahead in the paper, as by our relaxed value, and behind by our bound.",
        lambda runs: (
            abs(paper_ahead(DIGITS, "indp-150", "vae")) < 0.15
            and abs(runs.ahead(BOUND, DIGITS, "indp-150", "vae")) < 0.15
            and runs.of(BOUND, DIGITS, "vae") - runs.of(RELAXED, DIGITS, "indp-150") > 1
            and paper_ahead(DIGITS, "indqp-150", "vae") > 0.1
            and runs.of(RELAXED, DIGITS, "indqp-150") < runs.of(BOUND, DIGITS, "vae")
            and runs.ahead(BOUND, DIGITS, "vae", "indqp-150") > 0.1
        ),
    ),
    Said(
        DIGITS_PAGE,
        "For CP-VAE and INDq both of our values are better than the paper's number, for INDq by four nats.",
        lambda runs: all(
            runs.of(column, DIGITS, f"{name}-150") < paper(DIGITS, f"{name}-150") - least
            for column in (BOUND, RELAXED)
            for name, least in zip(BOTH, (0, 3.6), strict=True)
        ),
    ),
    # --- Omniglot
    Said(
        LETTERS_PAGE,
        "*All four lie within a nat by the bound, and within a third of a nat by $-\\log p(x)$;",
        lambda runs: (
            spread(runs, BOUND, LETTERS, [f"{name}-500" for name in FOUR]) < 1
            and 0.28 < spread(runs, EVIDENCE, LETTERS, [f"{name}-500" for name in FOUR]) < 0.39
        ),
    ),
    Said(
        LETTERS_PAGE,
        "CP-VAE and INDq spend more than five nats on the category of an image. INDp spends a third of a nat, INDqp "
        "next to nothing",
        lambda runs: (
            all(runs.of(PRICE_OF_C, LETTERS, f"{name}-500") > 5 for name in BOTH)
            and 0.28 < runs.of(PRICE_OF_C, LETTERS, "indp-500") < 0.39
            and runs.of(PRICE_OF_C, LETTERS, "indqp-500") < 0.05
        ),
    ),
    Said(
        LETTERS_PAGE,
        "CP-VAE and INDq by about eight nats, INDp and INDqp by five or six. On the training images CP-VAE and INDq, "
        "which use their categories, are about two nats ahead of the other two.",
        lambda runs: (
            all(7.5 < by_heart(runs, LETTERS, f"{name}-500") < 8.5 for name in BOTH)
            and all(4.75 < by_heart(runs, LETTERS, f"{name}-500") < 6.25 for name in PLAIN)
            and all(
                1.6 < trained_on(runs, LETTERS, f"{other}-500") - trained_on(runs, LETTERS, f"{one}-500") < 2.4
                for one in BOTH
                for other in PLAIN
            )
        ),
    ),
    Said(
        LETTERS_PAGE,
        "lie further above $-\\log p(x)$ than the other two, by three to six tenths of a nat.",
        lambda runs: all(
            0.25
            < runs.ahead(BOUND, LETTERS, f"{other}-500", f"{one}-500")
            - runs.ahead(EVIDENCE, LETTERS, f"{other}-500", f"{one}-500")
            < 0.65
            for one in BOTH
            for other in PLAIN
        ),
    ),
    Said(
        LETTERS_PAGE,
        "CP-VAE leaves two in five of its categories empty, INDq about one in six.",
        lambda runs: (
            0.36 < runs.of(EMPTY, LETTERS, "cp-500") / 500 < 0.44
            and 0.13 < runs.of(EMPTY, LETTERS, "indq-500") / 500 < 0.2
        ),
    ),
    Said(
        LETTERS_PAGE,
        "by seven tenths of a nat. For INDp it flatters by less, for INDqp by hardly anything",
        lambda runs: (
            all(0.6 < gaps(runs)[LETTERS, f"{name}-500"] < 0.8 for name in BOTH)
            and 0.05 < gaps(runs)[LETTERS, "indqp-500"] + 0.05 < gaps(runs)[LETTERS, "indp-500"] < 0.6
        ),
    ),
    Said(
        LETTERS_PAGE,
        "The paper's numbers are all larger than ours, by seven nats or more.",
        lambda runs: all(paper(LETTERS, f"{name}-500") - runs.of(BOUND, LETTERS, f"{name}-500") > 6.9 for name in FOUR),
    ),
    Said(
        LETTERS_PAGE,
        "In the paper the four models with 500 categories are five to ten nats behind the VAE. Ours are at most one "
        "nat behind.",
        lambda runs: all(
            -10.2 < paper_ahead(LETTERS, f"{name}-500", "vae") < -5
            and runs.ahead(BOUND, LETTERS, "vae", f"{name}-500") < 1
            for name in FOUR
        ),
    ),
    Said(
        LETTERS_PAGE,
        "Categories of CP-VAE and INDq are twice as pure as chance, both alike. Those of INDp and INDqp are as pure as "
        "chance, and no more",
        lambda runs: (
            all(
                1.9 < runs.of(PURE, LETTERS, f"{name}-500") / runs.of(CHANCE, LETTERS, f"{name}-500") < 2.1
                for name in BOTH
            )
            and all(
                abs(runs.of(PURE, LETTERS, f"{name}-500") - runs.of(CHANCE, LETTERS, f"{name}-500")) < 0.005
                for name in PLAIN
            )
        ),
    ),
    # --- What reproduces: one setting at a time
    Said(
        SETTINGS,
        "differ by more than half a nat. Take away uneven use, and all of them lie within little more than a third of "
        "a nat.",
        lambda runs: all(
            _range([value(BOUND, *run) for run in LEARNED]) > 0.5
            and 0.3 < _range([value(LESS_UNEVEN, *run) for run in LEARNED]) < 0.37
            for value in (runs.of, lambda *run: runs.each(*run)[0])
        ),
    ),
    Said(
        SETTINGS,
        "generation purity falls from four fifths to a little more than chance. The bound is worse by three to four "
        "nats, and that is not uneven use.",
        lambda runs: all(
            runs.of(PURE, CLOTHES, f"{name}-150") > 0.8
            and 0
            < runs.of(PURE, ABLATIONS, f"{name}-frozen-uniform") - runs.of(CHANCE, ABLATIONS, f"{name}-frozen-uniform")
            < 0.1
            and all(
                3 < runs.of(column, ABLATIONS, f"{name}-frozen-uniform") - runs.of(column, CLOTHES, f"{name}-150") < 4
                for column in (BOUND, LESS_UNEVEN)
            )
            for name in BOTH
        ),
    ),
    Said(
        SETTINGS,
        "With means that stay at the usual start all of this comes out alike, to a tenth of a nat and a hundredth of "
        "purity",
        lambda runs: all(
            abs(runs.of(column, ABLATIONS, f"{name}-frozen") - runs.of(column, ABLATIONS, f"{name}-frozen-uniform"))
            < most
            for name in BOTH
            for column, most in ((BOUND, 0.1), (LESS_UNEVEN, 0.1), (PURE, 0.01))
        ),
    ),
    Said(
        SETTINGS,
        "Frozen, at the one or at the other, they mix.",
        lambda runs: (
            all(runs.of(PURE, ABLATIONS, f"indq-{how}") < 0.25 for how in FROZEN)
            and runs.of(PURE, ABLATIONS, "indq-uniform") > 0.7
            and runs.of(PURE, CLOTHES, "indq-150") > 0.7
        ),
    ),
    Said(
        SETTINGS,
        "Most of that is shoes, whose categories are less pure by nine hundredths than in the least pure usual run.",
        lambda runs: (
            abs(min(runs.each(OF_SHOES, CLOTHES, "cp-150")) - runs.of(OF_SHOES, ABLATIONS, "cp-unclipped") - 0.09)
            < 0.005
        ),
    ),
    Said(
        SETTINGS,
        "Its bound is worse by nearly half a nat than with the same seed, and by six tenths than the mean over seeds, "
        "most of it uneven use.",
        lambda runs: (
            0.4 < (worse := same_seed(runs, BOUND, "cp-drawn")) < 0.5
            and 0.55 < (than_the_mean := changed(runs, BOUND, "cp-drawn")) < 0.65
            and same_seed(runs, LESS_UNEVEN, "cp-drawn") < worse / 2
            and changed(runs, LESS_UNEVEN, "cp-drawn") < than_the_mean / 2
        ),
    ),
    Said(
        SETTINGS,
        "its relaxed value is three quarters of a nat better than its bound, that of the usual run of the same seed "
        "less than half a nat.",
        lambda runs: (
            0.7 < runs.of(BOUND, ABLATIONS, "cp-drawn") - runs.of(RELAXED, ABLATIONS, "cp-drawn") < 0.8
            and 0.4 < runs.each(BOUND, CLOTHES, "cp-150")[0] - runs.each(RELAXED, CLOTHES, "cp-150")[0] < 0.5
        ),
    ),
    Said(
        SETTINGS,
        "The bound is worse by three tenths of a nat than with the same seed, and by nearly half a nat than the mean "
        "over seeds; most of that is uneven use as well. Seeds of the usual run lie up to four tenths apart, so it may "
        "be chance.",
        lambda runs: (
            0.25 < (worse := same_seed(runs, BOUND, "cp-elu")) < 0.35
            and 0.4 < (than_the_mean := changed(runs, BOUND, "cp-elu")) < 0.5
            and same_seed(runs, LESS_UNEVEN, "cp-elu") < worse / 2
            and changed(runs, LESS_UNEVEN, "cp-elu") < than_the_mean / 2
            and 0.35 < apart(runs, BOUND) < 0.45
        ),
    ),
    Said(
        SETTINGS,
        "their purity is lower by five to seven hundredths. Nearly all of that is shoes. These three runs give all "
        "shoes, three tenths of the images, to seven, two and three categories, which keep to a kind of shoe in about "
        "two of three draws; those of the usual runs do in about nine of ten. Tops are kept apart as well as usual.",
        lambda runs: all(
            all(-0.075 < lower(runs, PURE, label, usual) < -0.045 for lower in (changed, same_seed))
            and 0.63 < runs.of(OF_SHOES, ABLATIONS, label) < 0.71
            and 0.87 < runs.of(OF_SHOES, CLOTHES, usual) < 0.93
            and 0.3 * changed(runs, OF_SHOES, label, usual) < 0.75 * changed(runs, PURE, label, usual)
            and changed(runs, OF_TOPS, label, usual) > -0.015
            and drawing(runs.first(ABLATIONS, label), SHOES) == count
            for label, usual, count in (
                ("indq-uniform", "indq-150", 7),
                ("cp-drawn", "cp-150", 2),
                ("cp-elu", "cp-150", 3),
            )
        ),
    ),
    Said(
        SETTINGS,
        "So is its category, whose KL is nearly zero; the model is a plain VAE, with the VAE's bound. That bound is "
        "better than the one of INDp at the usual temperature, by more than a nat.",
        lambda runs: (
            runs.of(PRICE_OF_C, ABLATIONS, "indp-cold") < 0.05
            and abs(runs.of(BOUND, ABLATIONS, "indp-cold") - runs.of(BOUND, CLOTHES, "vae")) < 0.3
            and all(1 < -better(runs, BOUND, "indp-cold", "indp-150") < 1.5 for better in (changed, same_seed))
        ),
    ),
    Said(
        SETTINGS,
        "11 of its 40 dimensions are active, where the usual runs have 34.",
        lambda runs: (
            runs.of(ACTIVE, ABLATIONS, "cp-no-warmup") == 11 and round(runs.of(ACTIVE, CLOTHES, "cp-150")) == 34
        ),
    ),
    Said(
        SETTINGS,
        "with uneven use taken away its bound is two tenths of a nat behind the same seed and three behind the mean "
        "over seeds, and its $-\\log p(x)$ a little more.",
        lambda runs: (
            0.15 < (of_seed := same_seed(runs, LESS_UNEVEN, "cp-no-warmup")) < 0.25
            and 0.25 < (of_mean := changed(runs, LESS_UNEVEN, "cp-no-warmup")) < 0.35
            and of_seed < same_seed(runs, EVIDENCE, "cp-no-warmup") < of_seed + 0.15
            and of_mean < changed(runs, EVIDENCE, "cp-no-warmup") < of_mean + 0.15
        ),
    ),
    Said(
        SETTINGS,
        "Its bound lies among those of the usual runs, and its categories are as clean.",
        lambda runs: all(
            min(usual := runs.each(column, CLOTHES, "cp-150")) - 0.005
            <= runs.of(column, ABLATIONS, "cp-no-warmup")
            <= max(usual)
            for column in (BOUND, PURE)
        ),
    ),
    Said(
        SETTINGS,
        "The bounds of the frozen priors and of the cold INDp differ by far more than those of seeds. The purity of "
        '"cp-drawn", "cp-elu" and "indq-uniform" is lower by two or three times what seeds differ by, and their bounds '
        "are worse by less than twice as much: a sign, and no proof.",
        lambda runs: (
            all(
                abs(difference(runs, BOUND, label, usual)) > 4 * apart(runs, BOUND, usual)
                for difference in (changed, same_seed)
                for label, usual in (
                    ("cp-frozen-uniform", "cp-150"),
                    ("cp-frozen-wide", "cp-150"),
                    ("indq-frozen-uniform", "indq-150"),
                    ("cp-frozen", "cp-150"),
                    ("indq-frozen", "indq-150"),
                    ("indp-cold", "indp-150"),
                )
            )
            and all(
                1.9 * apart(runs, PURE, usual) < -difference(runs, PURE, label, usual) < 3.5 * apart(runs, PURE, usual)
                and 0.6 * (by := apart(runs, BOUND, usual)) < difference(runs, BOUND, label, usual) < 1.9 * by
                for difference in (changed, same_seed)
                for label, usual in (("cp-drawn", "cp-150"), ("cp-elu", "cp-150"), ("indq-uniform", "indq-150"))
            )
        ),
    ),
    Said(
        SETTINGS,
        "Without this cost its bound is that of a plain VAE, to a fifth of a nat",
        lambda runs: (
            abs(runs.of(LESS_UNEVEN, ABLATIONS, "cp-frozen-wide") - runs.of(BOUND, CLOTHES, "vae")) < 0.25
            and runs.of(USED, ABLATIONS, "cp-frozen-wide") == 1
        ),
    ),
    Said(
        SETTINGS,
        "On the sum INDp reaches the bound of the VAE, three quarters of a nat better than with relaxed categories.",
        lambda runs: (
            abs(runs.of(BOUND, ABLATIONS, "indp-10-summed") - runs.of(BOUND, CLOTHES, "vae")) < 0.15
            and 0.65 < -changed(runs, BOUND, "indp-10-summed", "indp-10") < 0.85
        ),
    ),
    Said(
        SETTINGS,
        "What is paid for it is a tenth of a nat, and what it tells about the image less than half of that.",
        lambda runs: (
            0.08 < (paid := runs.of(PRICE_OF_C, ABLATIONS, "indp-10-summed")) < 0.15
            and runs.of(TOLD, ABLATIONS, "indp-10-summed") < paid / 2
        ),
    ),
    Said(
        SETTINGS,
        "Both mix kinds, as pure as chance to a hundredth. By the bound both are behind the plain VAE, CP-VAE by a "
        "little less than INDq, as in the paper.",
        lambda runs: (
            all(
                abs(runs.of(PURE, ABLATIONS, f"{name}-copied") - runs.of(CHANCE, ABLATIONS, f"{name}-copied")) < 0.0105
                for name in BOTH
            )
            and 0.1 < runs.ahead(BOUND, ABLATIONS, "cp-copied", "indq-copied") < 0.4
            and runs.of(BOUND, ABLATIONS, "cp-copied") > runs.of(BOUND, CLOTHES, "vae")
            and paper(CLOTHES, "vae") < paper(CLOTHES, "cp-150") < paper(CLOTHES, "indq-150")
        ),
    ),
    Said(
        SETTINGS,
        "In raw nats the two bounds stand where the paper has them: CP-VAE to a tenth of a nat, INDq to three tenths.",
        lambda runs: (
            abs(runs.of(BOUND, ABLATIONS, "cp-copied") - paper(CLOTHES, "cp-150")) < 0.1
            and 0.25 < paper(CLOTHES, "indq-150") - runs.of(BOUND, ABLATIONS, "indq-copied") < 0.35
        ),
    ),
    Said(
        SETTINGS,
        "The copy prints the relaxed value, and ours is more than three nats better than the paper's entry.",
        lambda runs: all(
            3 < paper(CLOTHES, f"{name}-150") - runs.of(RELAXED, ABLATIONS, f"{name}-copied") < 4 for name in BOTH
        ),
    ),
    Said(
        SETTINGS,
        "The plain VAE is a nat above the paper's, trained as in the copy or as usual. Measured from the one that was "
        "trained as they were, CP-VAE and INDq are one and a quarter and one and a half nats behind; the paper's are "
        "behind by more than two and by nearly three. The runs with [a frozen prior alone](#a-frozen-prior) are nearer "
        "to that.",
        lambda runs: (
            all(
                0.85 < runs.of(BOUND, table, label) - paper(CLOTHES, "vae") < 1.25
                for table, label in ((CLOTHES, "vae"), (ABLATIONS, "vae-copied"))
            )
            and all(
                abs(runs.ahead(BOUND, ABLATIONS, "vae-copied", f"{name}-copied") - nats) < 0.1
                and runs.ahead(BOUND, ABLATIONS, "vae-copied", f"{name}-copied")
                < runs.of(BOUND, ABLATIONS, f"{name}-frozen-uniform") - runs.of(BOUND, CLOTHES, "vae")
                < paper_ahead(CLOTHES, "vae", f"{name}-150")
                for name, nats in zip(BOTH, (1.25, 1.5), strict=True)
            )
            and 2 < paper_ahead(CLOTHES, "vae", "cp-150") < 2.5
            and 2.8 < paper_ahead(CLOTHES, "vae", "indq-150") < 3
        ),
    ),
    Said(
        README,
        "the categories of CP-VAE and INDq mix kinds, and by the bound both are behind a plain VAE on clothes, as they "
        "are in the paper.",
        lambda runs: all(
            runs.of(BOUND, ABLATIONS, label) - runs.of(BOUND, CLOTHES, "vae") > 1
            and runs.of(PURE, ABLATIONS, label) < 0.25
            and paper_ahead(CLOTHES, "vae", f"{name}-150") > 1
            for name in BOTH
            for label in (f"{name}-frozen-uniform", f"{name}-copied")
        ),
    ),
    Said(
        SETTINGS,
        "for INDp and INDqp its entries are near [our relaxed values](comparison.ipynb#table-3), three nats from our "
        "bounds.",
        lambda runs: all(
            abs(runs.of(RELAXED, CLOTHES, f"{name}-150") - paper(CLOTHES, f"{name}-150")) < 0.4
            and 2.4 < runs.of(BOUND, CLOTHES, f"{name}-150") - paper(CLOTHES, f"{name}-150") < 3.5
            for name in PLAIN
        ),
    ),
    Said(
        SETTINGS,
        "Its bound lies among those of the usual runs. Its purity is lower by two or three hundredths, about as much "
        "as seeds lie apart.",
        lambda runs: (
            min(usual := runs.each(BOUND, CLOTHES, "cp-150")) < runs.of(BOUND, ABLATIONS, "cp-unclipped") < max(usual)
            and all(-0.035 < lower(runs, PURE, "cp-unclipped", "cp-150") < -0.015 for lower in (changed, same_seed))
            and 0.02 < apart(runs, PURE) < 0.035
        ),
    ),
    # --- were they done
    Said(
        BEHIND,
        "On clothes INDp and INDqp with 500 gained more than four tenths, the others a fifth of a nat to a third",
        lambda runs: all(
            0.4 < runs.gained(CLOTHES, label) < 0.5
            if label in ("indp-500", "indqp-500")
            else 0.18 < runs.gained(CLOTHES, label) < 0.38
            for label in runs.labels(CLOTHES)
        ),
    ),
    Said(
        BEHIND,
        "On digits the gains differ more: CP-VAE and INDq with 150 gained least, a third of a nat, the VAE, HVAE and "
        "INDp about half a nat, and VampPrior with 150 most, nearly six tenths.",
        lambda runs: (
            set(sorted(runs.labels(DIGITS), key=lambda label: runs.gained(DIGITS, label))[:2]) == {"cp-150", "indq-150"}
            and all(0.3 < runs.gained(DIGITS, label) < 0.37 for label in ("cp-150", "indq-150"))
            and all(
                0.44 < runs.gained(DIGITS, label) < 0.55 for label in ("vae", "hvae", "indp-10", "indp-150", "indp-500")
            )
            and 0.55 < max(runs.gained(DIGITS, label) for label in runs.labels(DIGITS)) < 0.6
            and max(runs.labels(DIGITS), key=lambda label: runs.gained(DIGITS, label)) == "vamp-150"
        ),
    ),
    Said(
        BEHIND,
        "HVAE, HVamp, and VampPrior with 50 gained a quarter or more, and CP-VAE with 500 was getting worse.",
        lambda runs: (
            all(runs.gained(LETTERS, label) > 0.24 for label in ("hvae", "hvamp-50", "hvamp-500", "vamp-50"))
            and runs.gained(LETTERS, "cp-500") < 0
        ),
    ),
    # --- known by heart
    Said(
        BEHIND,
        "two and a half nats to three on clothes, one to two on digits, five to eight on Omniglot",
        lambda runs: all(
            low < by_heart(runs, data, label) < high
            for data, size, low, high in ((CLOTHES, 150, 2.4, 3.1), (DIGITS, 150, 0.85, 2), (LETTERS, 500, 5, 8.2))
            for label in (f"{name}-{size}" for name in FOUR)
        ),
    ),
    # --- more categories
    Said(
        BEHIND,
        "150 categories are half a nat better than 10 by the bound, and two thirds by $-\\log p(x)$.",
        lambda runs: (
            0.45 < runs.ahead(BOUND, DIGITS, "cp-150", "cp-10") < 0.6
            and 0.62 < runs.ahead(EVIDENCE, DIGITS, "cp-150", "cp-10") < 0.71
        ),
    ),
    Said(
        BEHIND,
        "- **Omniglot.** 50 are a nat better than 500. Uneven use is more than half of it",
        lambda runs: (
            0.8 < runs.ahead(BOUND, LETTERS, "cp-50", "cp-500") < 1.25
            and runs.of(UNEVEN, LETTERS, "cp-500") > runs.ahead(BOUND, LETTERS, "cp-50", "cp-500") / 2
        ),
    ),
    Said(
        BEHIND,
        "That of 150 is more than two nats above that of 10.",
        lambda runs: all(
            runs.of(PRICE_OF_C, data, "cp-150") > 2 + runs.of(PRICE_OF_C, data, "cp-10") for data in (CLOTHES, DIGITS)
        ),
    ),
    Said(
        BEHIND,
        "500 are worse than 10, by half a nat of the bound and a fifth of $-\\log p(x)$. Uneven use is more than that "
        "half nat: with the best $p(c)$ they would be ahead of 10 by the bound, and still behind 150.",
        lambda runs: (
            0.4 < runs.ahead(BOUND, DIGITS, "cp-10", "cp-500") < runs.of(UNEVEN, DIGITS, "cp-500")
            and runs.of(LESS_UNEVEN, DIGITS, "cp-150")
            < runs.of(LESS_UNEVEN, DIGITS, "cp-500")
            < runs.of(LESS_UNEVEN, DIGITS, "cp-10")
        ),
    ),
    Said(
        BEHIND,
        "Where does it come from? More than two in five of the 500 are empty, and the others do the work of little "
        "more than 200 equal ones. The seeds of 150 lie half a nat apart, so of these steps only that from 150 to "
        "500 is clearly larger. - **Clothes.** Hardly a category is empty.",
        lambda runs: (
            0.4 < runs.of(EMPTY, DIGITS, "cp-500") / 500 < 0.5
            and 200 < 500 * math.exp(-runs.of(UNEVEN, DIGITS, "cp-500")) < 220
            and all(runs.of(EMPTY, CLOTHES, f"{name}-{size}") < 2 for name in BOTH for size in SIZES[CLOTHES])
        ),
    ),
    Said(
        BEHIND,
        "INDq, too, has its best bound with 150 on digits, and with 500 leaves more than two in five empty; it is then "
        "still a little ahead of its 10. Without uneven use its 500 would be level with its 150, between its "
        "seeds. On Omniglot it loses with 500 as CP-VAE does, but less. On clothes it gains with each step, and with "
        "500 categories it uses them the more evenly of the two.",
        lambda runs: (
            0 < runs.ahead(BOUND, LETTERS, "indq-50", "indq-500") < runs.ahead(BOUND, LETTERS, "cp-50", "cp-500")
            and runs.ahead(BOUND, DIGITS, "indq-150", "indq-500") > 0
            and all(0 < runs.ahead(column, DIGITS, "indq-500", "indq-10") < 0.25 for column in NATS)
            and 0.4 < runs.of(EMPTY, DIGITS, "indq-500") / 500 < 0.5
            and min(of_150 := runs.each(LESS_UNEVEN, DIGITS, "indq-150"))
            < runs.of(LESS_UNEVEN, DIGITS, "indq-500")
            < max(of_150)
            and runs.ahead(BOUND, CLOTHES, "indq-150", "indq-10")
            > 0
            < runs.ahead(BOUND, CLOTHES, "indq-500", "indq-150")
            and runs.of(UNEVEN, CLOTHES, "indq-500") < runs.of(UNEVEN, CLOTHES, "cp-500")
        ),
    ),
    # --- what is paid for what
    Said(
        BEHIND,
        "HVAE redraws better by more than a nat, and pays as much more for its codes.",
        lambda runs: (
            runs.ahead(DISTORTION, CLOTHES, "hvae", "cp-10") > 1
            and runs.ahead(RATE, CLOTHES, "cp-10", "hvae") > 1
            and abs(runs.ahead(BOUND, CLOTHES, "cp-10", "hvae")) < 0.1
        ),
    ),
    Said(
        BEHIND,
        "And they pay less for it, by one nat to nearly three, though four and a half of the nats that they pay "
        "are for the category.",
        lambda runs: all(
            1 < runs.ahead(RATE, data, f"{name}-150", "vae") < 3
            and 4.4 < runs.of(PRICE_OF_C, data, f"{name}-150") < 4.6
            for data in (CLOTHES, DIGITS)
            for name in BOTH
        ),
    ),
    Said(
        BEHIND,
        "On clothes its bound is theirs, to a tenth of a nat; on digits it is half a nat behind CP-VAE and a quarter "
        "behind INDq, no more than their own trainings differ by.",
        lambda runs: (
            all(abs(runs.ahead(BOUND, CLOTHES, "mog-150", f"{name}-150")) < 0.1 for name in BOTH)
            and 0.2 < runs.ahead(BOUND, DIGITS, "indq-150", "mog-150") < 0.3
            and 0.45 < runs.ahead(BOUND, DIGITS, "cp-150", "mog-150") < 0.55
            and all(0.45 < _range(runs.each(BOUND, DIGITS, f"{name}-150")) < 0.65 for name in BOTH)
        ),
    ),
    Said(
        BEHIND,
        "MoG has nearly half of its gain or more in the picture, CP-VAE and INDq have four fifths of theirs or more in "
        "the code.",
        lambda runs: all(
            in_picture(runs, data, "mog-150") > 0.45
            and all(in_picture(runs, data, f"{name}-150") < 0.2 for name in BOTH)
            for data in (CLOTHES, DIGITS)
        ),
    ),
    Said(
        BEHIND,
        "CP-VAE is two thirds of a nat ahead of MoG on clothes and a nat on digits. And MoG has all of its gain in the "
        "code there, where CP-VAE has an eighth to a quarter in the picture.",
        lambda runs: (
            0.6 < runs.ahead(BOUND, CLOTHES, "cp-10", "mog-10") < 0.72
            and 0.9 < runs.ahead(BOUND, DIGITS, "cp-10", "mog-10") < 1.1
            and all(in_picture(runs, data, "mog-10") < 0.02 for data in (CLOTHES, DIGITS))
            and all(0.12 < in_picture(runs, data, "cp-10") < 0.25 for data in (CLOTHES, DIGITS))
        ),
    ),
    Said(
        BEHIND,
        "but 500 places do: MoG is a nat ahead of the VAE. There CP-VAE and INDq redraw worse than the VAE",
        lambda runs: 0.9 < runs.ahead(BOUND, LETTERS, "mog-500", "vae") < 1.2,
    ),
    Said(
        BEHIND,
        "There CP-VAE and INDq redraw worse than the VAE, by two nats, and save less than that.",
        lambda runs: all(
            1.75 < runs.ahead(DISTORTION, LETTERS, "vae", f"{name}-500") < 2.25
            and 0
            < runs.ahead(RATE, LETTERS, f"{name}-500", "vae")
            < runs.ahead(DISTORTION, LETTERS, "vae", f"{name}-500")
            for name in BOTH
        ),
    ),
    Said(
        BEHIND,
        "Their category tells nearly two nats of an image of clothes and more than one and a half of a digit, and yet "
        "of all nine they redraw it worst.",
        lambda runs: all(
            least < runs.of(TOLD, data, f"{name}-150") < 2
            and all(
                runs.ahead(DISTORTION, data, other, f"{name}-150") > 0
                for other in ("cp-150", "indq-150", "vae", "hvae", "mog-150", "vamp-150", "hvamp-150")
            )
            for data, least in ((CLOTHES, 1.8), (DIGITS, 1.5))
            for name in PLAIN
        ),
    ),
    Said(
        BEHIND,
        "on clothes 22 of 40, where CP-VAE, INDq and the VAE have 34 or 35",
        lambda runs: (
            all(round(runs.of(ACTIVE, CLOTHES, f"{name}-150")) == 22 for name in PLAIN)
            and all(round(runs.of(ACTIVE, CLOTHES, label)) in (34, 35) for label in ("cp-150", "indq-150", "vae"))
        ),
    ),
    Said(
        BEHIND,
        "With ten categories, a shorter list, INDp has 27 active dimensions on clothes and INDqp 30; with 500, a "
        "longer one, they have 18 and 19",
        lambda runs: (
            [runs.of(ACTIVE, CLOTHES, f"{name}-{size}") for size in (10, 500) for name in PLAIN] == [27, 30, 18, 19]
        ),
    ),
    Said(
        BEHIND,
        "elsewhere it pays the same to a tenth of a nat",
        lambda runs: (
            all(abs(runs.ahead(RATE, data, "hvae", "vae")) < 0.1 for data in (CLOTHES, DIGITS))
            and runs.ahead(RATE, LETTERS, "vae", "hvae") > 1
        ),
    ),
    Said(
        BEHIND,
        "On digits MoG with 500 is level with its 150, where CP-VAE loses about a nat.",
        lambda runs: all(
            abs(runs.ahead(column, DIGITS, "mog-500", "mog-150")) < 0.15
            and 0.85 < runs.ahead(column, DIGITS, "cp-150", "cp-500") < 1.15
            for column in NATS
        ),
    ),
    # --- does it take a category
    Said(
        SAMPLES,
        "on clothes CP-VAE's categories keep to a kind in seven of ten draws, those of INDq and the components of the "
        "mixtures in six of ten or a little more.",
        lambda runs: (
            0.65 < runs.of(PURE, CLOTHES, "cp-10") < 0.75
            and all(0.58 < runs.of(PURE, CLOTHES, f"{name}-10") < 0.68 for name in ("indq", *MIXTURES))
        ),
    ),
    Said(
        SAMPLES,
        "On digits the components of MoG and VampPrior keep to a digit more often than CP-VAE's categories, by four to "
        "seven hundredths; those of INDq and HVamp less often, by two or three.",
        lambda runs: (
            all(0.035 < purer(runs, DIGITS, f"{name}-10", "cp-10") < 0.075 for name in ("mog", "vamp"))
            and all(0.015 < purer(runs, DIGITS, "cp-10", f"{name}-10") < 0.035 for name in ("indq", "hvamp"))
        ),
    ),
    Said(
        SAMPLES,
        "So with ten a category has no clear advantage.",
        lambda runs: (
            [place(runs, column, DIGITS, "cp-10") for column in (IMPURE_DRAWS, ENTROPY)] == [3, 4]
            and place(runs, IMPURE_DRAWS, CLOTHES, "cp-10") == 1
        ),
    ),
    Said(
        SAMPLES,
        "its purity is lower by about four hundredths on clothes, and by four or five on digits.",
        lambda runs: all(
            0.034 < purer(runs, data, f"{name}-150", "mog-150") < 0.055 for name in BOTH for data in (CLOTHES, DIGITS)
        ),
    ),
    Said(
        SAMPLES,
        "With all counted alike MoG is a little ahead of both on clothes, by no more than seeds lie apart. On digits "
        "all three mixtures are level with both, to one or two hundredths.",
        lambda runs: (
            all(0 < runs.ahead(ALIKE, CLOTHES, f"{name}-150", "mog-150") < 0.025 for name in BOTH)
            and all(
                abs(runs.ahead(ALIKE, DIGITS, f"{name}-150", f"{other}-150")) < 0.0205
                for name in MIXTURES
                for other in BOTH
            )
        ),
    ),
    Said(
        SAMPLES,
        "On clothes VampPrior and HVamp with 150 keep to a kind in three of four draws. VampPrior's value by chance is "
        "the highest, since [it hardly draws shoes]",
        lambda runs: (
            all(0.72 < runs.of(PURE, CLOTHES, label) < 0.78 for label in ("vamp-150", "hvamp-150"))
            and all(
                runs.of(CHANCE, CLOTHES, "vamp-150") > runs.of(CHANCE, CLOTHES, f"{name}-150") + 0.02
                for name in ("mog", "hvamp", *FOUR)
            )
            and runs.of(DRAWN_SHOES, CLOTHES, "vamp-150") < 0.1
        ),
    ),
    Said(
        SAMPLES,
        "With 500 a category of CP-VAE or INDq is a little purer than with 150 on clothes, and about as pure on "
        "digits. There *all alike* falls far below generation purity",
        lambda runs: all(
            0.015 < purer(runs, CLOTHES, f"{name}-500", f"{name}-150") < 0.04
            and abs(purer(runs, DIGITS, f"{name}-500", f"{name}-150")) < 0.015
            and runs.of(PURE, DIGITS, f"{name}-500") - runs.of(ALIKE, DIGITS, f"{name}-500") > 0.25
            for name in BOTH
        ),
    ),
    Said(
        SAMPLES,
        "With $p(c) = 1/K$ more than four draws in ten would come from them. Components of MoG are as pure with 500 as "
        "with 150, to about a hundredth.",
        lambda runs: (
            all(0.4 < runs.of(EMPTY, DIGITS, f"{name}-500") / 500 < 0.5 for name in BOTH)
            and all(abs(purer(runs, data, "mog-500", "mog-150")) < 0.015 for data in (CLOTHES, DIGITS))
        ),
    ),
    # --- the bound of the model that draws; 5,000 codes
    Said(
        BEHIND,
        "by a tenth of a nat on clothes, by a quarter or a third on digits, by two thirds on Omniglot.",
        lambda runs: all(
            low < gained_by_codes(runs, data, label) < high
            for data, size, low, high in (
                (CLOTHES, 150, 0.08, 0.17),
                (DIGITS, 150, 0.2, 0.36),
                (LETTERS, 500, 0.6, 0.7),
            )
            for label in (f"{name}-{size}" for name in FOUR)
        ),
    ),
]
