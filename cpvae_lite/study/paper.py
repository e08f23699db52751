"""What the paper reports, as numbers: Lavda, Gregorová and Kalousis, Entropy 2020, 22, 888."""

from __future__ import annotations

from cpvae_lite._arguments import one_of

# K in each column of Table 3, in order of importance.
SIZES = {"fashion-mnist": (10, 150, 500), "mnist": (10, 150, 500), "omniglot": (50, 500)}

# Negative variational lower bounds on the test sets, in nats; one number where a model has no K.
TABLE_3: dict[str, dict[str, tuple[float, ...]]] = {
    "cp": {"mnist": (87.15, 88.53, 89.91), "fashion-mnist": (232.52, 233.79, 234.89), "omniglot": (117.51, 120.64)},
    "indq": {"mnist": (89.67, 92.15, 93.38), "fashion-mnist": (232.71, 234.41, 234.93), "omniglot": (125.28, 124.48)},
    "indp": {"mnist": (88.20, 88.77, 88.53), "fashion-mnist": (229.83, 230.41, 231.34), "omniglot": (120.92, 121.83)},
    "indqp": {"mnist": (87.93, 88.21, 88.98), "fashion-mnist": (228.65, 230.98, 231.18), "omniglot": (119.99, 120.82)},
    "vae": {"mnist": (88.75,), "fashion-mnist": (231.49,), "omniglot": (115.06,)},
    "mog": {"mnist": (89.43, 88.96, 88.85), "fashion-mnist": (267.07, 272.60, 274.55), "omniglot": (116.31, 116.12)},
    "vamp": {"mnist": (87.94, 86.55, 86.07), "fashion-mnist": (230.87, 229.82, 270.83), "omniglot": (114.01, 113.74)},
    "hvae": {"mnist": (86.7,), "fashion-mnist": (230.10,), "omniglot": (110.81,)},
    "hvamp": {"mnist": (85.90, 85.09, 85.01), "fashion-mnist": (229.67, 229.36, 229.62), "omniglot": (110.50, 110.16)},
}

# Tables 2 and A1: the first five categories of each label, K = 150. The numbers of categories are mere names.
FIRST_CATEGORIES: dict[str, dict[str, list[list[int]]]] = {
    "fashion-mnist": {
        "cp": [
            [9, 80, 127, 24, 62], [143, 1, 144, 64, 135], [146, 25, 145, 41, 29], [135, 91, 17, 138, 64],
            [83, 138, 109, 37, 147], [34, 88, 77, 3, 85], [79, 122, 81, 26, 127], [53, 16, 43, 46, 19],
            [47, 95, 137, 97, 63], [94, 130, 101, 119, 132],
        ],
        "indq": [
            [135, 133, 149, 42, 64], [135, 149, 71, 64, 3], [135, 149, 71, 42, 3], [135, 149, 133, 3, 148],
            [135, 71, 149, 42, 114], [63, 13, 34, 39, 31], [149, 135, 42, 133, 71], [63, 34, 13, 31, 126],
            [7, 63, 105, 123, 145], [13, 63, 34, 31, 145],
        ],
    },
    "mnist": {
        "cp": [
            [22, 102, 17, 59, 134], [32, 48, 21, 9, 20], [29, 55, 45, 95, 88], [129, 5, 13, 146, 125],
            [53, 40, 47, 122, 74], [66, 60, 117, 63, 10], [41, 35, 127, 130, 149], [52, 0, 148, 108, 106],
            [132, 103, 27, 100, 85], [75, 42, 81, 144, 0],
        ],
        "indq": [
            [67, 145, 56, 18, 32], [94, 97, 85, 124, 67], [31, 5, 48, 140, 65], [122, 135, 125, 149, 99],
            [107, 87, 120, 132, 80], [43, 141, 56, 102, 149], [109, 103, 111, 141, 98], [135, 67, 125, 2, 99],
            [1, 23, 15, 63, 40], [67, 99, 18, 34, 79],
        ],
    },
}  # fmt: skip


def reported(model: str, data: str, categories: int | None) -> float:
    """The entry of the paper's Table 3: a negative bound in nats.

    Args:
        model: a key of `TABLE_3`.
        data: "mnist", "fashion-mnist" or "omniglot".
        categories: K; None for a model without.

    Raises:
        ValueError: if the paper has no such entry; one without K for a model that has it, for instance.

    Example:
        >>> reported("cp", "mnist", 150), reported("vae", "omniglot", None)
        (88.53, 115.06)
    """
    row = TABLE_3[one_of("model", model, TABLE_3)][one_of("data set", data, SIZES)]
    sizes = SIZES[data] if len(row) > 1 else (None,)
    if categories not in sizes:
        known = ", ".join(map(str, sizes))
        raise ValueError(f"the paper's {model} on {data} has no entry for categories={categories}; known: {known}")
    return row[sizes.index(categories)]
