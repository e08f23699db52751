"""What many tests share: tiny models, their exact answers by quadrature, and judgement in standard errors.

Everything is a fixture, so that no test module imports another.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from cpvae_lite import build

WITH_CATEGORIES = {
    "cp-probs": {"name": "cp", "gate": "probs"},
    "cp-sample": {"name": "cp", "gate": "sample"},
    "indq": {"name": "indq"},
    "indp-probs": {"name": "indp", "gate": "probs"},
    "indp-sample": {"name": "indp", "gate": "sample"},
    "indqp": {"name": "indqp"},
}
ONE_LEVEL = WITH_CATEGORIES | {name: {"name": name} for name in ("vae", "mog", "vamp")}
VARIANTS = ONE_LEVEL | {name: {"name": name} for name in ("hvae", "hvamp")}


@pytest.fixture(autouse=True)
def _same_random_state():
    torch.manual_seed(0)


@pytest.fixture(params=VARIANTS.values(), ids=VARIANTS.keys())
def variant(request):
    """Name and gate of each of the nine models."""
    return request.param


@pytest.fixture(params=ONE_LEVEL.values(), ids=ONE_LEVEL.keys())
def one_level_variant(request):
    """Name and gate of each model that has one latent z."""
    return request.param


@pytest.fixture(params=WITH_CATEGORIES.values(), ids=WITH_CATEGORIES.keys())
def categorical_variant(request):
    """Name and gate of each model that has categories."""
    return request.param


@pytest.fixture(params=["bernoulli", "gaussian"])
def likelihood(request):
    return request.param


@pytest.fixture(name="tiny")
def tiny_fixture():
    """`tiny(name, ...)`: a float64 model with random weights, small enough for `exact`."""
    return _tiny


@pytest.fixture(name="data")
def data_fixture():
    """`data(model, rows)`: random observations that suit the model's likelihood."""
    return _data


@pytest.fixture(name="exact")
def exact_fixture():
    """`exact(model, x)`: evidence, bound and divergences of each row by summing over c and a grid of z."""
    return lambda model, x: (_exact_two_levels if model.config.name in ("hvae", "hvamp") else _exact)(model, x)


@pytest.fixture(name="network")
def network_fixture():
    """`network(mlp, *inputs)`: the MLP written out with one concatenated input (one-hot for a category)."""
    return _network


@pytest.fixture(name="agree")
def agree_fixture():
    """`agree(draws, expected)`: the mean over the first dimension is `expected`, within 4 standard errors."""
    return _agree


@pytest.fixture
def random_state_kept():
    """Fails the test if it leaves torch's global random state elsewhere than it found it."""
    before = torch.get_rng_state()
    yield
    assert torch.equal(torch.get_rng_state(), before)


def _agree(draws, expected, slack=1e-9):
    mean, error = draws.mean(0), draws.std(0) / math.sqrt(len(draws))
    near = (mean - expected).abs() <= 4 * error + slack
    assert near.all(), f"{mean} is not {expected} within 4 × {error} + {slack}"


def _tiny(name, *, scale=0.7, seed=1, **settings):
    if name not in ("vae", "hvae"):
        settings = {"categories": 3} | settings
    settings = {"features": 3, "latent_size": 1, "hidden": 4} | settings
    seen = torch.randn(50, settings["features"], generator=torch.Generator().manual_seed(seed + 1))
    model = build(name, data=seen, **settings).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return model


def _data(model, rows=4, seed=2):
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(rows, model.features, generator=generator, dtype=torch.double)
    return (noise > 0).double() if model.config.likelihood == "bernoulli" else noise


def _network(mlp, *inputs):
    value = torch.cat(inputs, -1)
    for layer in mlp.layers:
        affine = getattr(layer, "affine", layer)
        value = value @ torch.cat(list(affine.weights), 1).T + affine.bias
        if affine is not layer:
            linear, gate = value.chunk(2, -1)
            value = linear / (1 + (-gate).exp())
    return value


def _normal(z, mean, log_variance):
    """log N(z; mean, diag(exp(log_variance)))."""
    squares = (z - mean) ** 2 / log_variance.exp()
    return -0.5 * (squares + log_variance + math.log(2 * math.pi)).sum(-1)


def _grid(size):
    reach, steps = {1: (25.0, 2501), 2: (16.0, 201)}[size]
    axis = torch.linspace(-reach, reach, steps, dtype=torch.double)
    return torch.cartesian_prod(*[axis] * size).view(-1, size), (axis[1] - axis[0]).item() ** size


def _moments(net, *inputs):
    """Mean and log-variance of the Gaussian that a network parametrises."""
    mean, log_variance = _network(net, *inputs).chunk(2, -1)
    return mean, log_variance.clamp(-6, 2)


def _log_prior(model, latent, z):
    """log p(z|c) at each point, (K, G), or log p(z), (1, G)."""
    name, prior = model.config.name, latent.prior
    mean = log_variance = torch.zeros(1, z.shape[-1], dtype=torch.double)
    if name in ("cp", "indq", "mog"):
        mean, log_variance = prior.mean, prior.log_variance
    if name in ("vamp", "hvamp"):
        share = 1 / (1 + (-prior.start - prior.positions).exp())
        pseudo_inputs = prior.lowest + (prior.highest - prior.lowest) * share
        mean, log_variance = _moments(latent.posterior.net, _network(model.trunk, pseudo_inputs))
    each = _normal(z, mean[:, None], log_variance[:, None])
    return each.exp().mean(0, keepdim=True).log() if name in ("mog", "vamp", "hvamp") else each


def _require_mass(log_density, cell):
    assert ((log_density.exp().sum(-1) * cell - 1).abs() < 1e-7).all(), "the grid is too coarse or too short"


@torch.no_grad()
def _exact(model, x):
    """Table 1 of the paper, written out; a VAE is a model with one category that nothing depends on."""
    config = model.config
    latents = {latent.name: latent for latent in model.latents}
    h = _network(model.trunk, x)
    log_pi = torch.zeros(len(x), 1, dtype=torch.double)
    if "c" in latents:
        log_pi = _network(latents["c"].posterior.net, h).log_softmax(-1)
    pi, count = log_pi.exp(), log_pi.shape[1]
    each = torch.eye(count, dtype=torch.double).expand(len(x), count, count)

    inputs = [h[:, None].expand(-1, count, -1)]
    if config.name in ("cp", "indp"):
        inputs.append(pi[:, None].expand(-1, count, -1) if config.gate == "probs" else each)
    mean, log_variance = _moments(latents["z"].posterior.net, *inputs)  # (B, K, D)

    z, cell = _grid(config.latent_size)  # (G, D)
    q_z = _normal(z, mean[:, :, None], log_variance[:, :, None])  # (B, K, G)
    p_z = _log_prior(model, latents["z"], z)  # (K or 1, G)
    _require_mass(q_z, cell), _require_mass(p_z, cell)

    def expected(values):  # under q(z,c|x)
        return (pi[..., None] * q_z.exp() * values).sum((1, 2)) * cell

    parents = [z.expand(count, *z.shape)]  # (K, G, D)
    if "c" in latents:
        parents.append(each[0, :, None].expand(-1, len(z), -1))
    log_q, log_prior = log_pi[..., None] + q_z, p_z - math.log(count)
    log_likelihood = _log_likelihood(model, x, *parents)  # (B, K, G)
    joint = log_likelihood + log_prior
    evidence = joint.flatten(1).logsumexp(1) + math.log(cell)
    gap = expected(log_q - (joint - evidence[:, None, None]))
    return SimpleNamespace(
        log_evidence=evidence,
        gap=gap,  # KL(q(z,c|x) ‖ p(z,c|x))
        bound=evidence - gap,
        reconstruction=expected(log_likelihood),
        kl=expected(log_q - log_prior),  # KL(q(z,c|x) ‖ p(z,c))
        kl_z=expected(q_z - p_z),
        kl_c=(pi * (log_pi + math.log(count))).sum(1),
        pi=pi,
        mean=mean,
        log_variance=log_variance,
    )


@torch.no_grad()
def _exact_two_levels(model, x):
    """z2 on a grid; z1 on a grid of its own for each z2, in standard deviations around its mean."""
    upper, lower = model.latents
    h = _network(model.trunk, x)
    z2 = torch.linspace(-20, 20, 801, dtype=torch.double)[:, None]  # (G, 1)
    steps = torch.linspace(-9, 9, 91, dtype=torch.double)[:, None]  # (T, 1)
    cell, log_weight = 0.05, _normal(steps, torch.zeros(1), torch.zeros(1)) + math.log(0.2)
    points, rows = z2.expand(len(x), -1, -1), h[:, None].expand(-1, len(z2), -1)
    q_z2, p_z2 = _normal(z2, *_moments(upper.posterior.net, rows)), _log_prior(model, upper, z2)  # (B, G), (1, G)
    _require_mass(q_z2, cell), _require_mass(p_z2, cell)
    q_z1 = [moment[..., None, :] for moment in _moments(lower.posterior.net, rows, points)]  # (B, G, 1, 1)
    p_z1 = [moment[..., None, :] for moment in _moments(lower.prior.net, z2)]  # (G, 1, 1)

    def decoded(mean, log_variance):
        """z1 around a mean for each z2, (..., G, T, 1), and log p(x|z1,z2) there, (B, G, T)."""
        z1 = mean + (log_variance / 2).exp() * steps
        return z1, _log_likelihood(model, x, z1, z2[:, None].expand_as(z1))

    def expected(values):  # under q(z1,z2|x)
        return (q_z2.exp()[..., None] * log_weight.exp() * values).sum((1, 2)) * cell

    _, under_prior = decoded(*p_z1)
    evidence = (p_z2[..., None] + log_weight + under_prior).flatten(1).logsumexp(1) + math.log(cell)
    z1, log_likelihood = decoded(*q_z1)
    ratio_z1, ratio_z2 = _normal(z1, *q_z1) - _normal(z1, *p_z1), (q_z2 - p_z2)[..., None]
    gap = expected(ratio_z1 + ratio_z2 - log_likelihood + evidence[:, None, None])
    return SimpleNamespace(
        log_evidence=evidence,
        gap=gap,  # KL(q(z1,z2|x) ‖ p(z1,z2|x))
        bound=evidence - gap,
        reconstruction=expected(log_likelihood),
        kl_z2=expected(ratio_z2),
        kl_z1=expected(ratio_z1),
    )


def _log_likelihood(model, x, *parents):
    """log p(x|parents) of each row of x, (B, G1, G2), for parents on a grid (G1, G2, ·) or (B, G1, G2, ·)."""
    out, x = _network(model.likelihood.net, *parents), x[:, None, None]
    if model.config.likelihood == "gaussian":
        return _normal(x, out, model.likelihood.log_variance.expand_as(out))
    return (x * F.logsigmoid(out) + (1 - x) * F.logsigmoid(-out)).sum(-1)
