"""What is run for the tables, and that each run is a model that can be built, trained and measured."""

import json
from dataclasses import asdict, replace

import pytest
import torch

from cpvae_lite import Hard, TrainConfig, build, fit, load_dataset
from cpvae_lite._seeding import seeded
from cpvae_lite.config import CATEGORICAL, SINGLE
from cpvae_lite.data import Dataset
from cpvae_lite.study.grids import GROUPS, SHOWN, TABLES, WHAT, grid, named
from cpvae_lite.study.measures import component_shares, measure_generation, measure_images, measure_synthetic
from cpvae_lite.study.paper import SIZES, TABLE_3
from cpvae_lite.zoo import MODELS

SMALL = [table for table, content in TABLES.items() if not content.runs(0)[0].on_images]
RUNS = [run for table in TABLES for run in grid(table, [0])]
every_run = pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)


def test_the_grid_of_section_6_1_has_nine_models_and_two_sizes():
    found = {(run.model["name"], run.model.get("categories")) for run in grid("synthetic", [0])}
    assert found == {(name, size) for name in MODELS for size in ((None,) if name in SINGLE else (2, 150))}
    assert len(MODELS) == 9 and {run.training.temperature for run in grid("synthetic")} == {1.0}


def test_the_models_with_a_c_run_again_at_a_low_temperature():
    found = {(run.model["name"], run.model["categories"]) for run in grid("temperature", [0])}
    assert found == {(name, size) for name in CATEGORICAL for size in (2, 150)}
    assert all(run.training.temperature_at(epoch) == 0.2 for run in grid("temperature", [0]) for epoch in (1, 60))


def test_the_last_epoch_is_measured_of_the_very_runs_of_section_6_1():
    usual = {run.label: run for run in grid("synthetic", [0])}
    for run in grid("last", [0]):
        assert run.epoch == "last" and usual[run.label].epoch == "best"
        assert (run.model, run.training) == (usual[run.label].model, usual[run.label].training)


def test_runs_differ_in_name_and_share_all_but_seed_and_temperature():
    runs = [run for table in TABLES for run in grid(table)]
    assert len({run.name for run in runs}) == len(runs)
    assert len(runs) == sum(len(grid(table, [0])) * len(content.seeds) for table, content in TABLES.items())
    runs = [run for table in SMALL for run in grid(table) if table != "slow"]
    free = {"seed", "temperature", "least_temperature"}
    fixed = [{key: value for key, value in asdict(run.training).items() if key not in free} for run in runs]
    assert all(each == fixed[0] for each in fixed)
    assert {run.model["latent_size"] for run in runs} == {2}


def test_the_seed_is_in_the_name_and_in_the_training():
    assert [run.training.seed for run in grid("synthetic", [4, 2])[:: len(grid("synthetic", [0]))]] == [4, 2]
    assert all(run.name.endswith(f"-seed{run.training.seed}") for table in TABLES for run in grid(table))
    assert [run.keeps_weights for run in grid("synthetic", [0, 1])] == [True] * 16 + [False] * 16


@every_run
def test_a_run_is_found_by_its_name(run):
    assert named(run.name) == run


@pytest.mark.parametrize("name", ["synthetic/cp-151-seed0", "synthetic/cp-150", "table9/cp-150-seed0", "synthetic", ""])
def test_unknown_runs_are_refused(name):
    with pytest.raises(ValueError, match=r"unknown (table or )?run"):
        named(name)


def test_tables_and_seeds_are_checked():
    with pytest.raises(ValueError, match="unknown table 'sythetic'; did you mean 'synthetic'"):
        grid("sythetic")
    with pytest.raises(ValueError, match="seed must be at least 0"):
        grid("synthetic", [-1])


@every_run
def test_models_are_built_from_the_seed(run):
    data = load_dataset("synthetic")
    first, again = run.build(data).state_dict(), run.build(data).state_dict()
    other = named(run.name.replace("seed0", "seed1")).build(data)
    assert all(torch.equal(first[name], again[name]) for name in first if name != "aggregated_posterior")
    assert not torch.equal(first["trunk.layers.0.affine.weights.0"], other.trunk.layers[0].affine.weights[0])


@pytest.fixture(scope="module")
def little():
    """A hundredth of the data."""
    whole = load_dataset("synthetic")
    return Dataset("synthetic", whole.train[:500], whole.validation[:100], whole.test[:100], (1,))


@pytest.mark.parametrize("label", ["cp-2", "mog-2", "vae", "hvamp-2"])
def test_measures_are_json_and_say_what_the_model_has(little, label):
    run = named(f"synthetic/{label}-seed0").lasting(1)
    model = run.build(little)
    with pytest.warns(UserWarning, match="inside the warm-up"):
        fit(model, little, run.training, progress=False)
    found = run.measure(model, little, 1)
    json.dumps(found, allow_nan=False)
    assert ("uniform" in found) == (label == "cp-2") and ("purity" in found) == (label != "vae")
    assert sum(found["generated"]["histogram"]) <= 50_000 and sum(found["reconstructed"]["histogram"]) <= 100
    assert found == measure_synthetic(model, little, temperature=1.0, importance_samples=100, seed=0) | {
        key: found[key] for key in found if key.startswith("relaxed_") or key == "temperature"
    }


def test_a_perfect_model_reaches_the_truth(little):
    """Two categories at the two means, a decoder that reads c alone, and the right σ."""
    run = named("synthetic/cp-2-seed0")
    model = run.build(little)
    with torch.no_grad():
        for parameter in [*model.likelihood.net.parameters(), *model.latents[1].posterior.parameters()]:
            parameter.zero_()
        model.latents[1].prior.mean.zero_()
        hidden, second, out = model.likelihood.net.layers
        hidden.affine.weights[1][0] = torch.tensor([0.3, 0.7])  # c's row in the first gated layer
        hidden.affine.bias[32:] = second.affine.bias[32:] = 30.0  # open gates
        second.affine.weights[0][0, 0] = out.weights[0][0, 0] = 1.0
        model.likelihood.log_variance.fill_(2 * torch.tensor(0.05).log())
        for parameter in [*model.trunk.parameters(), *model.latents[0].posterior.parameters()]:
            parameter.zero_()
        model.trunk.layers[0].affine.weights[0][0] = 1.0
        for layer in model.trunk.layers:
            layer.affine.bias[32:] = 30.0
        model.trunk.layers[1].affine.weights[0][0, 0] = 1.0
        logits = model.latents[0].posterior.net.layers[0]
        # log N(x; 0.3) - log N(x; 0.7) = (0.25 - x) · 0.8 / (2 · 0.05²) + …, exactly: (0.4 - 0.8 x) / 0.005
        logits.weights[0][0, 0], logits.bias[0] = -0.8 / 0.005, 0.4 / 0.005
        model.aggregated_posterior.fill_(0.5)
    found = run.measure(model, little, 1)
    assert found["negative_bound"] == pytest.approx(-found["truth"], abs=1e-4)
    assert found["negative_log_evidence"] == pytest.approx(-found["truth"], abs=1e-4)
    assert found["generated"]["distance"] < 2e-3 and found["generated"]["modes"] == 2 and found["purity"] > 0.999


# --- images ---------------------------------------------------------------------------------------------


def test_table_3_is_the_papers_grid():
    runs = grid("table3", [0])
    found = {(run.model["name"], run.data, run.model.get("categories")) for run in runs}
    entries = {
        (name, data, size)
        for name, row in TABLE_3.items()
        for data, bounds in row.items()
        for size in ((None,) if len(bounds) == 1 else SIZES[data])
    }
    assert found == entries and len(runs) == 62
    assert len(grid("table3")) == 3 * 62


def test_table_3_follows_the_paper_where_it_gives_a_value():
    for run in grid("table3"):
        assert run.model.keys() <= {"name", "categories"}  # all else is the default of the package
        assert run.training == TrainConfig(seed=run.training.seed)
        assert (run.table, run.epoch) == (run.data, "best")


def test_table_3_runs_in_an_order_that_leaves_whole_chapters():
    names = [run.name for run in grid("table3")]
    four = [f"{name}-{{}}-seed{{}}" for name in ("cp", "indq", "indp", "indqp")]
    first = [f"{data}/{run.format(SHOWN[data], 0)}" for data in ("fashion-mnist", "mnist", "omniglot") for run in four]
    assert names[:12] == first == [run.name for run in grid("figures")]
    assert names[12:20] == [f"fashion-mnist/{run.format(150, seed)}" for seed in (1, 2) for run in four]
    assert {name.split("/")[1] for name in names[20:26]} == {"vae-seed0", "hvae-seed0"}
    assert all("/cp-" in name for name in names[26:31])
    assert {name.split("/")[1].split("-")[0] for name in names[31:55]} == {"mog", "vamp", "hvamp"}
    assert all(name.endswith("seed0") for name in names[20:70])
    assert not any(name.endswith("seed0") for name in names[70:])


def test_what_stays_of_a_run_of_table_3():
    """Weights of the twelve models that are shown and of the VAE beside them, samples of all with seed 0."""
    for run in grid("table3"):
        seed, shown = run.training.seed, run.name in {run.name for run in grid("figures")}
        kept = not seed and (shown or run.name == "fashion-mnist/vae-seed0")
        assert run.keeps == (() if seed else ("weights", "sheet") if kept else ("sheet",))
        assert run.keeps_weights == kept


@pytest.mark.parametrize("table", TABLES)
def test_runs_of_one_label_are_measured_alike(table):
    """Or their mean over seeds would be of two estimators."""
    samples = {}
    for run in grid(table, [0, 1, 2]):
        samples.setdefault(run.label, set()).add(run.importance_samples)
    assert all(len(numbers) == 1 for numbers in samples.values())


WITH_CATEGORIES_SHOWN = ("cp-frozen", "indq-frozen", "cp-copied", "indq-copied")


def test_an_ablation_is_a_run_of_table_3_with_one_thing_changed_or_another_start_of_a_frozen_prior():
    usual = {run.label: run for run in grid("fashion-mnist", [0])}
    for run in grid("ablations"):
        base = usual["-".join(str(run.model[key]) for key in ("name", "categories") if key in run.model)]
        model = {key for key, value in run.model.items() if base.model.get(key) != value}
        training = {key for key, value in asdict(run.training).items() if asdict(base.training)[key] != value}
        assert run.data == "fashion-mnist"
        of_all = {"weights_start", "unit_gradients"}
        of_a_category = {"learned_prior", "prior_start", "prior_variance", "elu_logits"}
        copied = of_all | (of_a_category if "categories" in run.model else set())
        assert (model | training) in (
            {"learned_prior"}, {"learned_prior", "prior_start"}, {"learned_prior", "prior_spread"},
            {"prior_start"}, {"prior_spread"}, {"elu_logits"}, {"warmup"}, {"temperature", "least_temperature"},
            {"gate"}, {"objective"}, {"clip"}, copied,
        )  # fmt: skip
        assert ("copied" in run.label) == ((model | training) == copied)
        assert run.keeps == (("categories",) if run.label in WITH_CATEGORIES_SHOWN else ())
        assert (run.model.get("categories") == 10) == (run.training.objective == "summed")  # K decodings an image
    labels = [run.label for run in grid("ablations")]
    assert {label.split("-", 1)[1] for label in labels if label.startswith("cp-")} >= {"frozen", "drawn", "cold"}


def test_groups_and_tables_share_no_name():
    assert len(set(WHAT)) == len(WHAT) == len(TABLES) + len(GROUPS)


@pytest.fixture(scope="module")
def clothes():
    """A few images of what the package ships, as if they were all."""
    whole = load_dataset("fashion-mnist", subset=True)
    return replace(whole, train=whole.train[:400], validation=whole.validation[:100], test=whole.test[:200])


@pytest.mark.parametrize(("name", "size"), [("cp", 10), ("mog", 10), ("hvae", None)])
def test_measures_of_images_are_json_and_say_what_the_model_has(clothes, name, size):
    label = f"{name}-{size}" if size else name
    run = replace(named(f"fashion-mnist/{label}-seed0").lasting(1), importance_samples=2)
    model = run.build(clothes)
    with pytest.warns(UserWarning, match="inside the warm-up"):
        fit(model, clothes, run.training, progress=False)
    found = run.measure(model, clothes, 1)
    json.dumps(found, allow_nan=False)
    assert found["importance_samples"] == 2 and found["images"] == 200
    assert ("generation" in found) == (name != "hvae") and ("label_posterior_1e5" in found) == (name == "cp")
    assert found["active_units"].keys() == ({"z2", "z1"} if name == "hvae" else {"z"})
    if name == "cp":
        pi, items = model.predict_proba(clothes.observed("test")), clothes.test.labels["item"]
        assert torch.allclose(torch.tensor(found["aggregated_posterior"]), pi.mean(0), atol=1e-6)
        shoe = torch.tensor(found["label_posterior_1e5"]["item"][7]) / 1e5
        assert torch.allclose(shoe, pi[items == 7].mean(0), atol=6e-6)
        assert len(found["generation"]["weights"]) == 10


def test_labels_of_too_many_kinds_are_not_stored(clothes):
    many = replace(
        clothes, test=replace(clothes.test, labels={"kind": torch.arange(200), "few": torch.arange(200) % 3})
    )
    model = named("omniglot/cp-50-seed0").build(clothes)
    model.aggregated_posterior.fill_(1 / 50)
    found = measure_images(model, replace(many, name="drawn"), temperature=1.0, importance_samples=1, seed=0)
    assert found["label_posterior_1e5"].keys() == {"few"} and "generation" not in found


def test_draws_of_alphabets_are_labelled_and_their_counts_left_out_where_they_are_many(clothes):
    model = named("omniglot/cp-500-seed0").build(clothes)
    model.aggregated_posterior.fill_(1 / 500)
    found = [measure_generation(model, "omniglot", seed=seed) for seed in (0, 1)]
    assert found[0].keys() == {"purity", "standard_error", "entropy", "chance", "information"}
    assert found[0] != found[1]
    few = build("mog", features=784, categories=3)
    assert len(measure_generation(few, "omniglot", seed=0)["counts"]) == 3
    as_omniglot = measure_images(few, replace(clothes, name="omniglot"), temperature=1.0, importance_samples=1, seed=0)
    assert as_omniglot["generation"] == measure_generation(few, "omniglot", seed=0)


@pytest.mark.parametrize(
    ("keeps", "said"), [(("categorie",), "did you mean 'categories'"), (("sheet", "categories"), "one picture")]
)
def test_what_a_run_keeps_is_checked(keeps, said):
    with pytest.raises(ValueError, match=said):
        replace(named("mnist/cp-10-seed0"), keeps=keeps)


def test_an_epoch_that_is_neither_best_nor_last_is_refused():
    with pytest.raises(ValueError, match="unknown epoch 'lst'; did you mean 'last'"):
        replace(grid("last")[0], epoch="lst")


def test_a_model_without_a_mixture_has_no_components_to_count():
    data = Dataset.from_arrays(torch.arange(60 * 16).view(60, 16) % 256)
    with pytest.raises(ValueError, match="no components to count"):
        component_shares(build("cp", features=16, categories=3, hidden=8), data, seed=0)


@pytest.mark.parametrize("name", ["mog", "vamp", "hvamp"])
def test_components_are_counted_by_bayes_rule(name):
    pixels = torch.arange(60 * 16).view(60, 16) % 256
    data = Dataset.from_arrays(pixels, validation=0.25, test=0.25)
    model = build(name, features=16, categories=3, hidden=8, latent_size=2, seed=1, data=data.train.data)
    found = component_shares(model, data, seed=5)
    latent = model.latents[0]  # of two levels the upper one
    components = [latent.prior({}).component(torch.tensor(k)) for k in range(3)]
    with torch.no_grad(), seeded(5):
        codes = model.infer(data.observed("test"), Hard()).values[latent.name].reshape(-1, 2)
        joint = torch.stack([each.log_prob(codes) for each in components], 1)
    expected = (joint.exp() / joint.exp().sum(1, keepdim=True)).double().mean(0)
    assert torch.allclose(found, expected, atol=1e-5) and found.std() > 1e-4
    record = measure_images(model, data, temperature=1.0, importance_samples=1, seed=5)
    assert record["component_shares"] == pytest.approx(found.tolist(), abs=1e-6)
