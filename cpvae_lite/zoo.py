"""The models of the paper, each a short composition of the same parts.

=======  ==============  ==========
model    posterior of z  prior of z
=======  ==============  ==========
cp       x, c            c
indq     x               c
indp     x, c            none
indqp    x               none
vae      x               none
=======  ==============  ==========

These are the parents of Table 1 of the paper; the plain VAE has no c at all. "x, c" has two readings. With
``gate="probs"``, the paper's Fig. 2, z's posterior sees the probabilities π(x), a function of x alone; given x
it is then independent of c, as in INDq, and the two differ by that layer only. With ``gate="sample"``, what
Eq. 10 says, it sees a draw of c.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import nn

from cpvae_lite._arguments import finite_number, one_of, whole_number
from cpvae_lite._seeding import seeded
from cpvae_lite.conditionals import (
    Bernoulli,
    Categorical,
    Conditional,
    Gaussian,
    SphericalGaussian,
    StandardNormal,
    Uniform,
)
from cpvae_lite.model import Latent, LatentVariableModel
from cpvae_lite.nets import MLP
from cpvae_lite.priors import ComponentGaussian

LIKELIHOODS = {"bernoulli": Bernoulli, "gaussian": SphericalGaussian}
GATES = {"probs": "pi", "sample": "c"}  # what the gated layer of z's posterior sees
GATED = ("cp", "indp")  # the models whose posterior of z has that layer


@dataclass(frozen=True)
class ModelConfig:
    """What it takes to build a model again. The defaults follow the paper where it gives a value.

    Attributes:
        name: a key of `MODELS`.
        features: the width of x.
        categories: K; None for a model without categories.
        latent_size: the number of dimensions of z.
        hidden: the width of the gated layers.
        likelihood: "bernoulli" for binary data, "gaussian" for real-valued data.
        gate: what the gated layer of q(z|x,c) sees: "probs" for π(x), "sample" for a draw of c.
        elu_logits: apply an ELU to the logits of c.
        prior_spread: standard deviation of the means of p(z|c) at the start; the paper does not give it.

    Example:
        >>> ModelConfig("cq", features=784)
        Traceback (most recent call last):
        ValueError: unknown model 'cq'; did you mean 'cp'? Known: vae, cp, indq, indp, indqp
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

    def __post_init__(self):
        one_of("model", self.name, MODELS)
        one_of("likelihood", self.likelihood, LIKELIHOODS)
        one_of("gate", self.gate, GATES)
        for name in ("features", "latent_size", "hidden"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name)))
        if not isinstance(self.elu_logits, bool):
            raise TypeError(f"elu_logits must be True or False, not {self.elu_logits!r}")
        if self.gate != "probs" and self.name not in GATED:
            raise ValueError(f"{self.name} has no gated layer; gate={self.gate!r} is for {' and '.join(GATED)}")
        if self.elu_logits and self.name == "vae":
            raise ValueError("a VAE has no logits of c for elu_logits")
        spread = finite_number("prior_spread", self.prior_spread, least=0, strict=True)
        object.__setattr__(self, "prior_spread", spread)
        if self.name == "vae":
            if self.categories is not None:
                raise ValueError("a VAE has no categories; leave them out, or choose another model")
        else:
            categories = 150 if self.categories is None else whole_number("categories", self.categories)
            object.__setattr__(self, "categories", categories)


def build(name: str | ModelConfig, *, seed: int = 0, **settings) -> LatentVariableModel:
    """Build a model with fresh weights.

    Args:
        name: a key of `MODELS`, or a whole configuration.
        seed: of the initial weights; the global random state is left as it was.
        settings: fields of :class:`ModelConfig`, `features` at least.

    Raises:
        ValueError, TypeError: if a setting is out of range or unknown.

    Example:
        >>> model = build("cp", features=784, categories=10)
        >>> model.config.latent_size
        40
    """
    config = replace(name, **settings) if isinstance(name, ModelConfig) else ModelConfig(name, **settings)
    with seeded(seed):
        model = MODELS[config.name](config)
    model.config = config
    return model


def vae(config: ModelConfig) -> LatentVariableModel:
    """The plain VAE of Eq. 6: one Gaussian latent with prior N(0, I)."""
    z = Latent("z", StandardNormal(config.latent_size), _posterior_of_x(config))
    return _model(config, [z], likelihood=_likelihood(config, z=config.latent_size))


def cp_vae(config: ModelConfig) -> LatentVariableModel:
    """CP-VAE (Eqs. 8-12): q(z|x,c) q(c|x) and p(z|c) p(c)."""
    return _with_categories(config, _posterior_of_x_and_c(config), _prior_of_c(config, GATES[config.gate]))


def ind_q(config: ModelConfig) -> LatentVariableModel:
    """INDq: q(z|x) q(c|x) and p(z|c) p(c)."""
    return _with_categories(config, _posterior_of_x(config), _prior_of_c(config, "pi"))


def ind_p(config: ModelConfig) -> LatentVariableModel:
    """INDp: q(z|x,c) q(c|x) and p(z) p(c)."""
    return _with_categories(config, _posterior_of_x_and_c(config), StandardNormal(config.latent_size))


def ind_qp(config: ModelConfig) -> LatentVariableModel:
    """INDqp: q(z|x) q(c|x) and p(z) p(c)."""
    return _with_categories(config, _posterior_of_x(config), StandardNormal(config.latent_size))


MODELS: dict[str, Callable[[ModelConfig], LatentVariableModel]] = {
    "vae": vae,
    "cp": cp_vae,
    "indq": ind_q,
    "indp": ind_p,
    "indqp": ind_qp,
}


def _with_categories(config: ModelConfig, posterior: Conditional, prior: Conditional) -> LatentVariableModel:
    logits = MLP([config.hidden], [], config.categories)
    activation = nn.ELU() if config.elu_logits else None
    c = Latent("c", Uniform(config.categories), Categorical(logits, "h", activation=activation), publishes="pi")
    z = Latent("z", prior, posterior)
    likelihood = _likelihood(config, z=config.latent_size, c=config.categories)
    return _model(config, [c, z], likelihood)


def _model(config: ModelConfig, latents: list[Latent], likelihood: Conditional) -> LatentVariableModel:
    trunk = MLP([config.features], [config.hidden, config.hidden])
    return LatentVariableModel(trunk, latents, likelihood, features=config.features, categories=config.categories)


def _posterior_of_x(config: ModelConfig) -> Gaussian:
    return Gaussian(MLP([config.hidden], [], 2 * config.latent_size), "h")


def _posterior_of_x_and_c(config: ModelConfig) -> Gaussian:
    gate = MLP([config.hidden, config.categories], [config.hidden], 2 * config.latent_size)
    return Gaussian(gate, "h", GATES[config.gate])


def _prior_of_c(config: ModelConfig, weights: str) -> ComponentGaussian:
    return ComponentGaussian(config.categories, config.latent_size, weights, config.prior_spread)


def _likelihood(config: ModelConfig, **parents: int) -> Conditional:
    net = MLP(list(parents.values()), [config.hidden, config.hidden], config.features)
    return LIKELIHOODS[config.likelihood](net, *parents)
