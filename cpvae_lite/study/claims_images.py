"""All sentences about images, of section 6.2 and appendices B and C, in the order of the book's table of verdicts."""

from __future__ import annotations

from cpvae_lite.study.claims import open_claim
from cpvae_lite.study.claims_appendices import APPENDICES
from cpvae_lite.study.claims_bounds import BOUNDS
from cpvae_lite.study.claims_clothes import CLOTHING, KINDS

IMAGES = (
    *CLOTHING,
    *APPENDICES,
    *BOUNDS,
    open_claim(
        "C1",
        "CP-VAE performs similarly to a human annotator",
        KINDS,
        "open: the paper shows no study of annotators, and we have none",
    ),
)
