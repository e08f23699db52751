"""All sentences about images, of section 6.2 and appendices B and C, in the order of the book's table of verdicts."""

from __future__ import annotations

from cpvae_lite.config import NAMES
from cpvae_lite.study.claims import Claim, open_claim
from cpvae_lite.study.claims_appendices import APPENDICES
from cpvae_lite.study.claims_bounds import BOUNDS
from cpvae_lite.study.claims_clothes import CLOTHING, KINDS
from cpvae_lite.study.image_figures import drawn_purity
from cpvae_lite.study.shown import BOTH, clothes, digits

SORTING = (*BOTH, "mog")

IMAGES = (
    *CLOTHING,
    *APPENDICES,
    *BOUNDS,
    Claim(
        number="C2",
        says="CP-VAE recovers the modes of the data without supervision, and generates from each of them",
        verdict="holds for clothes and digits, if a mode is a kind that has a name: a category draws one kind, and all "
        "draws together have every kind; INDq and MoG do so, too, but MoG draws few shoes; on Omniglot a category is a "
        "layout, not a character",
        where="samples#does-it-take-a-category-to-keep-to-one-kind",
        measured=lambda stored: "; ".join(
            f"{found.title}: generation purity {found.text(drawn_purity, 3, SORTING)}; labels among all draws "
            + ", ".join(f"{NAMES[name]} {found.draws(name).variety:.1f}" for name in SORTING)
            for found in (clothes(stored), digits(stored))
        ),
        stands=lambda stored: all(
            found.mean(name, drawn_purity) > least and found.draws(name).variety > 9.3
            for found, least in ((clothes(stored), 0.75), (digits(stored), 0.9))
            for name in SORTING
        ),
    ),
    open_claim(
        "C1",
        "CP-VAE performs similarly to a human annotator",
        KINDS,
        "open: the paper shows no study of annotators, and we have none",
    ),
)
