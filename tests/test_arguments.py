"""What callers pass in is checked where it comes in, and the message says what to do."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cpvae_lite._arguments import expanded, finite_number, height_and_width, one_of, said, whole_number

NO_NUMBERS = ["3", None, True, np.True_, [3], 3 + 0j]


@pytest.mark.parametrize("value", [1, 7, np.int64(7), np.uint8(7)])
def test_whole_numbers_come_back_as_int(value):
    found = whole_number("epochs", value)
    assert type(found) is int
    assert found == value


@pytest.mark.parametrize("value", [*NO_NUMBERS, 2.0, np.float32(2), float("nan"), Fraction(4, 2)])
def test_what_is_not_whole_is_a_type_error_that_names_argument_and_value(value):
    with pytest.raises(TypeError, match=re.escape(f"epochs must be a whole number, not {value!r}")):
        whole_number("epochs", value)


@pytest.mark.parametrize(("least", "value"), [(1, 0), (1, -3), (0, -1), (5, 4)])
def test_whole_numbers_below_the_least_are_refused(least, value):
    with pytest.raises(ValueError, match=f"seed must be at least {least}, not {value}"):
        whole_number("seed", value, least=least)


@pytest.mark.parametrize("least", [0, 1, 5])
def test_the_least_whole_number_itself_is_allowed(least):
    assert whole_number("seed", least, least=least) == least


@pytest.mark.parametrize("value", [2, 0.5, np.float32(0.5), np.int16(2), Fraction(1, 2)])
def test_finite_numbers_come_back_as_float(value):
    found = finite_number("rate", value, least=0)
    assert type(found) is float
    assert found == value


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_number_is_a_type_error_that_names_argument_and_value(value):
    with pytest.raises(TypeError, match=re.escape(f"rate must be a number, not {value!r}")):
        finite_number("rate", value, least=0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float32("nan"), -1e-9])
def test_numbers_that_are_not_finite_or_too_small_are_refused(value):
    with pytest.raises(ValueError, match=re.escape(f"rate must be finite and at least 0, not {value}")):
        finite_number("rate", value, least=0)


@pytest.mark.parametrize(
    "value", [10**400, -(10**400), Fraction(10**400), 1e39], ids=["large", "small", "fraction", "double"]
)
def test_numbers_that_float32_does_not_hold_are_refused(value):
    with pytest.raises(ValueError, match=r"rate must be finite: float32 holds at most 3.4e\+38"):
        finite_number("rate", value, least=0)


def test_the_least_number_is_allowed_unless_strict():
    assert finite_number("rate", 0, least=0) == 0
    with pytest.raises(ValueError, match="rate must be finite and above 0, not 0"):
        finite_number("rate", 0, least=0, strict=True)
    assert finite_number("rate", 1e-37, least=0, strict=True) == 1e-37
    with pytest.raises(ValueError, match=r"rate must be above 0 in float32, which holds 1.2e-38 or more, not 1e-300"):
        finite_number("rate", 1e-300, least=0, strict=True)
    assert finite_number("rate", 1e-300, least=0) == 1e-300


@pytest.mark.parametrize("shape", [(28, 20), [28, 20], (np.int64(28), np.uint8(20))])
def test_a_shape_comes_back_as_two_ints(shape):
    found = height_and_width(shape)
    assert found == (28, 20) and [type(side) for side in found] == [int, int]


@pytest.mark.parametrize("shape", [28, None, (28,), (1, 28, 28), {28, 20}])
def test_what_is_no_pair_is_no_shape(shape):
    with pytest.raises(ValueError, match=re.escape(f"shape must be (height, width), not {shape!r}")):
        height_and_width(shape)


@pytest.mark.parametrize(
    ("shape", "error", "cause"),
    [((0, 5), ValueError, "shape's height must be at least 1, not 0"),
     ((5, -1), ValueError, "shape's width must be at least 1, not -1"),
     ((5, 2.5), TypeError, "shape's width must be a whole number, not 2.5")],
)  # fmt: skip
def test_the_sides_of_a_shape_are_whole_numbers(shape, error, cause):
    with pytest.raises(error, match=cause):
        height_and_width(shape)


@pytest.mark.parametrize("name", ["vae", "cp"])
def test_known_names_pass(name):
    assert one_of("model", name, ["vae", "cp"]) == name


@pytest.mark.parametrize(
    ("name", "near"), [("fashion_mnist", "fashion-mnist"), ("MNIST", "mnist"), ("sintetic", "synthetic")]
)
def test_an_unknown_name_is_answered_with_the_nearest(name, near):
    with pytest.raises(ValueError, match=f"unknown data set '{name}'; did you mean '{near}'?"):
        one_of("data set", name, ["synthetic", "mnist", "fashion-mnist"])


def test_the_nearest_name_may_have_capitals():
    with pytest.raises(ValueError, match=re.escape("did you mean 'I(c;x)'?")):
        one_of("term", "I(x;c)", ["I(c;x)", "KL(q(z|c)‖p(z|c))"])


@pytest.mark.parametrize("name", ["xyzxyz", "", None, 3, ["cp"]])
def test_an_unknown_name_is_answered_with_all_known_ones(name):
    with pytest.raises(ValueError) as caught:
        one_of("model", name, ["vae", "indqp"])
    assert repr(name) in str(caught.value)
    assert "vae, indqp" in str(caught.value)
    assert "did you mean" not in str(caught.value)


def test_a_tilde_at_the_start_of_a_path_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/runs/x") == expanded(Path("~/runs/x")) == tmp_path / "runs" / "x"
    assert expanded("runs/~x") == Path("runs/~x")


def test_what_others_say_is_one_line_and_not_endless():
    error = RuntimeError("sizes differ:\n\t(3,)  and (4,)\n" + "frame\n" * 200)
    assert said(error, most=30) == "sizes differ: (3,) and (4,) fr"
    assert len(said(error)) == 300 and said(error, most=None).endswith("frame frame")


@pytest.mark.parametrize(("path", "said"), [("", "a path is empty"), ("a\udcff", "is not UTF-8")])
def test_a_path_that_is_none_is_refused(path, said):
    with pytest.raises(ValueError, match=said):
        expanded(path)
