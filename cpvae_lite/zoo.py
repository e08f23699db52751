"""The models of the paper's Table 3, each a short composition of the same parts.

=======  ==============  ==================================================
model    posterior of z  prior of z
=======  ==============  ==================================================
cp       x, c            one Gaussian for each c
indq     x               one Gaussian for each c
indp     x, c            N(0, I)
indqp    x               N(0, I)
vae      x               N(0, I)
mog      x               a mixture of learned Gaussians
vamp     x               a mixture of posteriors at learned pseudo-inputs
=======  ==============  ==================================================

The first four are the rows of Table 1; the last three have no c. "x, c" has two readings. With ``gate="probs"``,
the paper's Fig. 2, z's posterior sees the probabilities π(x), a function of x alone; given x it is then
independent of c, as in INDq, and the two differ by that layer only. With ``gate="sample"``, what Eq. 10 says, it
sees a draw of c.

Two models have two levels, z2 above z1, with posteriors q(z2|x) and q(z1|x,z2) and a prior p(z1|z2) that is a
network: hvae, where p(z2) is N(0, I), and hvamp, where it is a VampPrior.

Each model has a function, as :func:`cp_vae`, that makes it from a configuration, with weights from the global random
state. :func:`build` calls it with a seed, and keeps the configuration in the model, so that it can be saved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from torch import Tensor, nn

from cpvae_lite._arguments import one_of
from cpvae_lite._seeding import seeded
from cpvae_lite.conditionals import Categorical, Conditional, Gaussian, StandardNormal, Uniform
from cpvae_lite.config import GATES, LIKELIHOODS, ModelConfig
from cpvae_lite.latents import Latent
from cpvae_lite.model import LatentVariableModel
from cpvae_lite.nets import MLP, Affine
from cpvae_lite.priors import ComponentGaussian, MixtureOfGaussians, VampPrior


def build(name: str | ModelConfig, *, seed: int = 0, data: Tensor | None = None, **settings) -> LatentVariableModel:
    """Build a model with fresh weights.

    Args:
        name: a key of `MODELS`, or a whole configuration.
        seed: of the initial weights; the global random state is left as it was.
        data: the training data (N, features), as `dataset.train.data`. "vamp" and "hvamp" need them: their
            pseudo-inputs start at the mean of the data and stay in its range. The others do not look at them.
        settings: fields of :class:`ModelConfig`, `features` at least.

    Raises:
        ValueError, TypeError: if a setting is out of range or unknown, if the sizes are too large for the memory, or
            if pseudo-inputs have no data.

    Example:
        >>> model = build("cp", features=784, categories=10)
        >>> model.config.latent_size
        40
        >>> import torch
        >>> images = torch.randint(256, (1000, 784)).byte()
        >>> build("vamp", features=784, categories=10, data=images).sample(2, category=7).shape
        torch.Size([2, 784])
    """
    for setting in settings:
        one_of("setting", setting, (field.name for field in fields(ModelConfig)))
    if not isinstance(name, ModelConfig) and "features" not in settings:
        raise TypeError("build needs features=, the width of x, as dataset.features")
    config = replace(name, **settings) if isinstance(name, ModelConfig) else ModelConfig(name, **settings)
    model = compose(config, seed)
    for part in model.modules():
        if isinstance(part, VampPrior):
            if data is None:
                raise ValueError(f"{config.name} needs data=, the training data: its pseudo-inputs start at their mean")
            part.start_from(data)
    return model


def compose(config: ModelConfig, seed: int = 0) -> LatentVariableModel:
    """The model of a configuration, for weights that come from a file: pseudo-inputs have seen no data.

    Args:
        config: which model.
        seed: of the initial weights; the global random state is left as it was.

    Raises:
        ValueError: if the sizes are too large for the memory, or if the seed is no whole number of at least 0.

    Example:
        >>> config = ModelConfig("cp", features=784, categories=10)
        >>> model, stored = compose(config), compose(config, seed=1)
        >>> model.load_state_dict(stored.state_dict())
        <All keys matched successfully>
        >>> model.config == config
        True
    """
    with seeded(seed):
        model = _built(config)
        if config.weights_start == "he":
            _start_wide(model)
    model.config = config
    return model


def _built(config: ModelConfig) -> LatentVariableModel:
    try:
        return MODELS[config.name](config)
    except (RuntimeError, TypeError, MemoryError) as error:  # torch's words for sizes beyond memory or 64 bits
        names = ("features", "categories", "latent_size", "hidden")
        sizes = ", ".join(f"{name}={getattr(config, name)}" for name in names if getattr(config, name) is not None)
        reason = str(error).partition("\n")[0]  # what follows are frames of C++
        raise ValueError(f"{config.name} cannot be built with {sizes}; try smaller sizes ({reason})") from error


def _start_wide(model: LatentVariableModel) -> None:
    for part in model.modules():
        if isinstance(part, Affine):
            part.start_wide()


def vae(config: ModelConfig) -> LatentVariableModel:
    """The plain VAE of Eq. 6: one Gaussian latent with prior N(0, I).

    Example:
        >>> (z,) = vae(ModelConfig("vae", features=784)).latents
        >>> z.posterior.parents, z.prior({}).mean.abs().sum(), z.prior({}).variance.unique()
        (('h',), tensor(0.), tensor([1.]))
    """
    z = Latent("z", StandardNormal(config.latent_size), _posterior_of_x(config))
    return _model(config, [z], _likelihood(config, z=config.latent_size))


def cp_vae(config: ModelConfig) -> LatentVariableModel:
    """CP-VAE (Eqs. 8-12): q(z|x,c) q(c|x) and p(z|c) p(c).

    Example:
        >>> c, z = cp_vae(ModelConfig("cp", features=784, categories=10)).latents
        >>> z.posterior.parents, z.prior.parents  # features and π of x; the category
        (('h', 'pi'), ('c',))
        >>> c, z = cp_vae(ModelConfig("cp", features=784, categories=10, gate="sample")).latents
        >>> z.posterior.parents
        ('h', 'c')
    """
    return _with_categories(config, _posterior_of_x_and_c(config), _prior_of_c(config, GATES[config.gate]))


def ind_q(config: ModelConfig) -> LatentVariableModel:
    """INDq: q(z|x) q(c|x) and p(z|c) p(c).

    Example:
        >>> c, z = ind_q(ModelConfig("indq", features=784, categories=10)).latents
        >>> z.posterior.parents, z.prior.parents
        (('h',), ('c',))
    """
    return _with_categories(config, _posterior_of_x(config), _prior_of_c(config, "pi"))


def ind_p(config: ModelConfig) -> LatentVariableModel:
    """INDp: q(z|x,c) q(c|x) and p(z) p(c).

    Example:
        >>> c, z = ind_p(ModelConfig("indp", features=784, categories=10)).latents
        >>> z.posterior.parents, z.prior.parents
        (('h', 'pi'), ())
    """
    return _with_categories(config, _posterior_of_x_and_c(config), StandardNormal(config.latent_size))


def ind_qp(config: ModelConfig) -> LatentVariableModel:
    """INDqp: q(z|x) q(c|x) and p(z) p(c).

    Example:
        >>> model = ind_qp(ModelConfig("indqp", features=784, categories=10))
        >>> c, z = model.latents
        >>> z.posterior.parents, z.prior.parents, model.likelihood.parents  # c reaches the data by the decoder alone
        (('h',), (), ('z', 'c'))
    """
    return _with_categories(config, _posterior_of_x(config), StandardNormal(config.latent_size))


def mog(config: ModelConfig) -> LatentVariableModel:
    """MoG, the "MG" of Table 3: a VAE whose prior is a mixture of learned Gaussians with equal weights.

    Example:
        >>> model = mog(ModelConfig("mog", features=784, categories=10))
        >>> (z,) = model.latents
        >>> z.prior({}).component_mean.shape, model.categories  # components, but no c
        (torch.Size([10, 40]), None)
    """
    prior = MixtureOfGaussians(config.categories, config.latent_size, config.prior_spread)
    z = Latent("z", prior, _posterior_of_x(config))
    return _model(config, [z], _likelihood(config, z=config.latent_size))


def vamp(config: ModelConfig) -> LatentVariableModel:
    """VampPrior, the "VP" of Table 3: a VAE whose prior is a mixture of its posteriors at pseudo-inputs.

    Example:
        >>> model = vamp(ModelConfig("vamp", features=784, categories=10))
        >>> (z,) = model.latents
        >>> at_inputs = model.posterior(z.prior.pseudo_inputs)["z"]
        >>> z.prior({}).component_mean.allclose(at_inputs.mean)
        True
    """
    trunk, posterior = _trunk(config), _posterior_of_x(config)
    z = Latent("z", _vamp_prior(config, trunk, posterior), posterior)
    return _model(config, [z], _likelihood(config, z=config.latent_size), trunk)


def hvae(config: ModelConfig) -> LatentVariableModel:
    """HVAE: z2 ~ N(0, I), z1 ~ p(z1|z2), x ~ p(x|z1,z2), with posteriors q(z2|x) and q(z1|x,z2).

    Example:
        >>> z2, z1 = hvae(ModelConfig("hvae", features=784)).latents
        >>> z2.posterior.parents, z1.posterior.parents, z1.prior.parents
        (('h',), ('h', 'z2'), ('z2',))
    """
    z2 = Latent("z2", StandardNormal(config.latent_size), _posterior_of_x(config))
    return _two_levels(config, z2, _trunk(config))


def hvamp(config: ModelConfig) -> LatentVariableModel:
    """Hierarchical VampPrior, the "HVP" of Table 3: HVAE with a VampPrior on z2.

    Example:
        >>> z2, z1 = hvamp(ModelConfig("hvamp", features=784, categories=10)).latents
        >>> type(z2.prior).__name__, type(z1.prior).__name__
        ('VampPrior', 'Gaussian')
    """
    trunk, posterior = _trunk(config), _posterior_of_x(config)
    return _two_levels(config, Latent("z2", _vamp_prior(config, trunk, posterior), posterior), trunk)


MODELS: dict[str, Callable[[ModelConfig], LatentVariableModel]] = {
    "vae": vae,
    "cp": cp_vae,
    "indq": ind_q,
    "indp": ind_p,
    "indqp": ind_qp,
    "mog": mog,
    "vamp": vamp,
    "hvae": hvae,
    "hvamp": hvamp,
}


def _with_categories(config: ModelConfig, posterior: Conditional, prior: Conditional) -> LatentVariableModel:
    logits = MLP([config.hidden], [], config.categories)
    activation = nn.ELU() if config.elu_logits else None
    c = Latent("c", Uniform(config.categories), Categorical(logits, "h", activation=activation), publishes="pi")
    z = Latent("z", prior, posterior)
    likelihood = _likelihood(config, z=config.latent_size, c=config.categories)
    return _model(config, [c, z], likelihood, categories=config.categories)


def _two_levels(config: ModelConfig, z2: Latent, trunk: nn.Module) -> LatentVariableModel:
    size, hidden = config.latent_size, config.hidden
    posterior = _gaussian(config, MLP([hidden, size], [hidden], 2 * size), "h", "z2")
    prior = _gaussian(config, MLP([size], [hidden, hidden], 2 * size), "z2")
    return _model(config, [z2, Latent("z1", prior, posterior)], _likelihood(config, z1=size, z2=size), trunk)


def _model(
    config: ModelConfig,
    latents: list[Latent],
    likelihood: Conditional,
    trunk: nn.Module | None = None,
    categories: int | None = None,
) -> LatentVariableModel:
    return LatentVariableModel(
        trunk or _trunk(config), latents, likelihood, features=config.features, categories=categories
    )


def _trunk(config: ModelConfig) -> nn.Module:
    return MLP([config.features], [config.hidden, config.hidden])


def _posterior_of_x(config: ModelConfig) -> Gaussian:
    return _gaussian(config, MLP([config.hidden], [], 2 * config.latent_size), "h")


def _posterior_of_x_and_c(config: ModelConfig) -> Gaussian:
    gate = MLP([config.hidden, config.categories], [config.hidden], 2 * config.latent_size)
    return _gaussian(config, gate, "h", GATES[config.gate])


def _gaussian(config: ModelConfig, net: MLP, *parents: str) -> Gaussian:
    return Gaussian(net, *parents, clipped=config.clip)


def _prior_of_c(config: ModelConfig, weights: str) -> ComponentGaussian:
    spread = config.prior_spread if config.prior_start == "normal" else None
    return ComponentGaussian(
        config.categories, config.latent_size, spread, weights, config.learned_prior, config.prior_variance
    )


def _vamp_prior(config: ModelConfig, trunk: nn.Module, posterior: Gaussian) -> VampPrior:
    return VampPrior(config.categories, config.features, trunk, posterior, config.prior_spread)


def _likelihood(config: ModelConfig, **parents: int) -> Conditional:
    net = MLP(list(parents.values()), [config.hidden, config.hidden], config.features)
    return LIKELIHOODS[config.likelihood](net, *parents)
