"""What it takes to build a model: its settings, which model each setting belongs to, and the models' names."""

from __future__ import annotations

from dataclasses import dataclass

from cpvae_lite._arguments import finite_number, one_of, whole_number
from cpvae_lite.conditionals import Bernoulli, SphericalGaussian

LIKELIHOODS = {"bernoulli": Bernoulli, "gaussian": SphericalGaussian}
GATES = {"probs": "pi", "sample": "c"}  # what the gated layer of z's posterior sees
NAMES = {  # in the paper's order
    "cp": "CP-VAE",
    "indq": "INDq",
    "indp": "INDp",
    "indqp": "INDqp",
    "vae": "VAE",
    "mog": "MoG",
    "vamp": "VampPrior",
    "hvae": "HVAE",
    "hvamp": "HVamp",
}
WEIGHT_STARTS = ("glorot", "he")  # how far apart weights of networks start: by both widths, or by the inputs' alone
STARTS = ("normal", "uniform")  # where the means of p(z|c) start: around 0 with the spread given, or within [0, 1]
CONDITIONAL = ("cp", "indq")  # the models whose prior p(z|c) depends on the category
GATED = ("cp", "indp")  # the models whose posterior of z has that layer
CATEGORICAL = ("cp", "indq", "indp", "indqp")  # the models with a latent c
SPREAD = ("cp", "indq", "mog", "vamp", "hvamp")  # the models whose prior has components to set apart
SINGLE = ("vae", "hvae")  # the models with nothing to choose from, no category and no component
OWNERS = {  # of settings that not every model has: what they set, and the models that have it
    "gate": ("gated layer", GATED),
    "elu_logits": ("logits of c", CATEGORICAL),
    "prior_start": ("p(z|c)", CONDITIONAL),
    "learned_prior": ("p(z|c)", CONDITIONAL),
    "prior_variance": ("p(z|c)", CONDITIONAL),
    "prior_spread": ("components to set apart", SPREAD),
}
BY_THE_DATA = ("features", "likelihood")  # settings of a model that nobody chooses


def titled(label: str) -> str:
    """What tables call a run: its model's name instead of the short one.

    Example:
        >>> titled("cp-150"), titled("vae"), titled("indq-frozen-uniform")
        ('CP-VAE 150', 'VAE', 'INDq frozen-uniform')
    """
    name, _, rest = label.partition("-")
    return f"{NAMES[name]} {rest}".rstrip()


def has_setting(name: str, setting: str) -> bool:
    """Whether a model has a part that a setting is of.

    Example:
        >>> has_setting("indq", "learned_prior"), has_setting("vae", "learned_prior"), has_setting("vae", "hidden")
        (True, False, True)
    """
    return setting not in OWNERS or name in OWNERS[setting][1]


@dataclass(frozen=True)
class ModelConfig:
    """What it takes to build a model again. The defaults follow the paper where it gives a value.

    Attributes:
        name: a key of `NAMES`.
        features: the width of x.
        categories: K, of the values of c, of the components of a mixture, or of the pseudo-inputs; None for
            "vae" and "hvae".
        latent_size: the number of dimensions of z, or of z1 and z2 each.
        hidden: the width of the gated layers.
        likelihood: "bernoulli" for binary data, "gaussian" for real-valued data.
        gate: what the gated layer of q(z|x,c) sees: "probs" for π(x), "sample" for a draw of c.
        elu_logits: apply an ELU to the logits of c.
        prior_spread: standard deviation, at the start, of what sets the K components apart: their means, or the
            logits of the pseudo-inputs. The paper does not give it. A model without components keeps the default.
        prior_start: "normal" for means of p(z|c) drawn with that spread around zero, "uniform" for [0, 1].
        learned_prior: False keeps the means and variances of p(z|c) as they start.
        prior_variance: of every component of p(z|c) at the start.
        clip: keep the log-variances that networks compute within `cpvae_lite.conditionals.LOG_VARIANCE_RANGE`.
        weights_start: "glorot", as in the paper, or "he": see :class:`cpvae_lite.nets.Affine`.

    Example:
        >>> ModelConfig("cq", features=784)
        Traceback (most recent call last):
        ValueError: unknown model 'cq'; did you mean 'cp'? Known: cp, indq, indp, indqp, vae, mog, vamp, hvae, hvamp
        >>> ModelConfig("cp", features=784).categories
        150
    """

    name: str
    features: int
    categories: int | None = None
    latent_size: int = 40
    hidden: int = 300
    likelihood: str = "bernoulli"
    gate: str = "probs"
    elu_logits: bool = False
    prior_spread: float = 0.3
    prior_start: str = "normal"
    learned_prior: bool = True
    prior_variance: float = 1.0
    clip: bool = True
    weights_start: str = "glorot"

    def __post_init__(self):
        one_of("model", self.name, NAMES, NAMES)
        one_of("likelihood", self.likelihood, LIKELIHOODS)
        one_of("gate", self.gate, GATES)
        for name in ("features", "latent_size", "hidden"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name)))
        one_of("prior_start", self.prior_start, STARTS)
        one_of("weights_start", self.weights_start, WEIGHT_STARTS)
        for name in ("elu_logits", "learned_prior", "clip"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, not {getattr(self, name)!r}")
        for name in ("prior_spread", "prior_variance"):
            object.__setattr__(self, name, finite_number(name, getattr(self, name), least=0, strict=True))
        self._require_owners()
        if self.name in SINGLE:
            if self.categories is not None:
                raise ValueError(f"{self.name} has no categories; leave them out, or choose another model")
        else:
            categories = 150 if self.categories is None else whole_number("categories", self.categories)
            object.__setattr__(self, "categories", categories)

    def _require_owners(self) -> None:
        for setting, (part, owners) in OWNERS.items():
            value = getattr(self, setting)
            if value != getattr(ModelConfig, setting) and not has_setting(self.name, setting):
                raise ValueError(f"{self.name} has no {part} for {setting}={value!r}; {', '.join(owners)} have")
        if self.prior_start == "uniform" and self.prior_spread != ModelConfig.prior_spread:
            raise ValueError("prior_spread is for prior_start='normal'; 'uniform' draws the means from [0, 1]")
