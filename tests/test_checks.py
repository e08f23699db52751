"""The suite of checks: complete, ordered, and red when something is wrong."""

import math

import pytest
import torch

from cpvae_lite import build, joint
from cpvae_lite.checks import MEANING, ORDER, WORLDS, check_model, check_worlds, summary, table, worst
from cpvae_lite.decomposition import Check
from cpvae_lite.joint import Estimate

IN_WORLDS = {"4", "7", "12", "13", "17", "19", "20 cp", "20 indq", "20 indp", "20 indqp", "21", "A1", "A2"} | {
    f"5.1 {part} {model}" for part in "BC" for model in ("indp", "indqp")
}


def images():
    return torch.randint(2, (200, 20)).float()


def model(name, **settings):
    categories = {} if name in ("vae", "hvae") else {"categories": 4}
    return build(name, features=20, latent_size=3, hidden=10, data=images(), **categories, **settings)


def check(equation="12", left=1.0, right=1.0, error=0.0, relation="="):
    return Check(equation, left, right, error, {}, relation)


def test_every_kind_of_world_checks_every_equation():
    found = {}
    for kind, each in check_worlds(1, seed=50):
        assert each.holds, (kind, each)
        found.setdefault(kind, set()).add(each.equation)
    trivial = {"one value of x": {"A1", "A2"}}  # 0 ≥ 0
    assert found == {kind: IN_WORLDS - trivial.get(kind, set()) for kind in WORLDS}


def test_worlds_follow_the_seed():
    first, second = ([each.left for _, each in check_worlds(1, seed=seed)] for seed in (1, 2))
    assert first != second and first == [each.left for _, each in check_worlds(1, seed=1)]


@pytest.mark.parametrize(
    "name, settings, rows",
    [
        ("cp", {}, {"20 cp", "20 indq"}),  # as the paper draws it, it is INDq too
        ("cp", {"gate": "sample"}, {"20 cp"}),
        ("indq", {}, {"20 cp", "20 indq"}),
        ("indp", {"gate": "sample"}, {"20 cp", "20 indp", "5.1 B indp", "5.1 C indp"}),
        ("indqp", {}, {"21"} | IN_WORLDS - {"4", "7", "12", "13", "17", "19", "A1", "A2"}),
        ("vae", {}, {"21"}),
        ("mog", {}, {"21"}),
        ("vamp", {}, {"21"}),
    ],
)
def test_a_model_is_checked_against_what_it_assumes(name, settings, rows):
    found = check_model(model(name, **settings), images())
    assert all(each.holds for each in found)
    always = {"17", "18", "19", "A1", "A2"} | (set() if name in ("vae", "mog", "vamp") else {"12", "13"})
    assert {each.equation for each in found} == rows | always


@pytest.mark.parametrize("name", ["hvae", "hvamp"])
def test_a_model_of_two_levels_is_refused(name):
    with pytest.raises(ValueError, match="about latents c and z, not z2 and z1"):
        check_model(model(name), images())


@pytest.mark.parametrize("name, gate", [("cp", "sample"), ("indp", "sample"), ("indp", "probs")])
def test_one_category_is_no_special_case(name, gate):
    single = build(name, gate=gate, features=20, categories=1, latent_size=3, hidden=10)
    found = check_model(single, images())
    assert all(each.holds for each in found)
    assert ("21" in {each.equation for each in found}) == (name == "indp" and gate == "probs")


def test_checks_stand_in_the_order_of_the_paper():
    for found in (check_model(model("indqp"), images()), [each for _, each in worst(check_worlds(1)).values()]):
        places = [ORDER.index(each.equation.split()[0]) for each in found]
        assert places == sorted(places)


def test_a_wrong_term_turns_them_red(monkeypatch):
    over, above, below = joint.TERMS["I((z,c);x)"]
    monkeypatch.setitem(joint.TERMS, "I((z,c);x)", (over, below, above))
    red = {each.equation for _, each in worst(check_worlds(1)).values() if not each.holds}
    assert {"17", "19"} <= red and not red & {"4", "12", "13", "20 cp"}


def test_the_worst_world_is_the_one_that_fails():
    found = [("a", check()), ("b", check(right=1.5)), ("c", check(right=1.1)), ("d", check("13"))]
    assert {name: kind for name, (kind, _) in worst(iter(found)).items()} == {"12": "b", "13": "d"}


def test_not_a_number_is_the_worst():
    found = [("a", check(right=9.0)), ("b", check(left=math.nan)), ("c", check())]
    assert worst(iter(found))["12"][0] == "b"


def test_the_worst_of_an_inequality_is_the_nearest_to_its_edge():
    found = [("a", check("A2", 5.0, 1.0, relation="≥")), ("b", check("A2", 2.0, 1.0, relation="≥"))]
    assert worst(iter(found))["A2"][0] == "b"


def test_the_table_has_a_line_for_each_check_and_says_what_fails():
    lines = table([check(left=-1e-9, right=0.0), check("A2", 1.0, 2.0, 0.1, "≥")], ["(one)", "(two)"]).splitlines()
    assert len(lines) == 4
    assert lines[1].split()[:7] == ["12", "0.00000", "=", "0.00000", "-1.0e-09", "exact", "holds"]
    assert lines[1].endswith("the divergence splits into z and c (one)")
    assert lines[2].split()[:7] == ["A2", "1.00000", "≥", "2.00000", "-1.0e+00", "1.0e-01", "FAILS"]
    assert lines[3] == "2 checks, 1 FAIL" and table([check()]).endswith("1 check, all hold")


def test_every_row_says_what_it_is_about():
    assert set(MEANING) == IN_WORLDS | {"18"}


def test_the_summary_has_the_information_and_its_ceiling():
    line = summary(Check("17", 0.0, 0.0, 0.0, {"I((z,c);x)": Estimate(1.234)}), 100)
    assert "1.23 nats" in line and "log N = 4.61" in line


def test_a_likelihood_that_is_a_density_is_not_held_to_a1_and_a2():
    found = check_model(model("cp", likelihood="gaussian"), torch.randn(200, 20))
    assert all(each.holds for each in found)
    assert {each.equation for each in found} == {"12", "13", "17", "18", "19", "20 cp", "20 indq"}


def test_draws_and_seed_reach_both_sides():
    each, x = model("cp"), images()
    few, many, other = (
        {c.equation: c for c in check_model(each, x, draws=d, seed=s)} for d, s in ((2, 0), (50, 0), (2, 1))
    )
    assert many["19"].standard_error < 0.5 * few["19"].standard_error
    assert other["19"].left != few["19"].left and other["19"].right != few["19"].right


@pytest.mark.parametrize("worlds", [0, -3])
def test_no_worlds_prove_nothing(worlds):
    with pytest.raises(ValueError, match="worlds must be at least 1"):
        list(check_worlds(worlds))


def test_as_many_worlds_as_asked_for():
    counts = [len(list(check_worlds(worlds))) for worlds in (1, 2)]
    assert counts[1] == 2 * counts[0]
