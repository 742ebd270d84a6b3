"""The compiled loops, and what happens on a machine where nothing compiles."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from apps.rankings.domain import kernels as choosing
from apps.rankings.domain import kernels_numba
from apps.rankings.domain.fit import fit_board
from apps.rankings.domain.kernels import Kernels, chosen_kernels, compiled_kernels, numpy_kernels, warm_up
from tests.rankings.domain.boards import plain, world


@pytest.fixture
def choose_again() -> Iterator[None]:
    choosing.chosen_kernels.cache_clear()
    yield
    choosing.chosen_kernels.cache_clear()


def test_here_the_loops_are_compiled() -> None:
    assert warm_up().name == "numba"
    assert warm_up() is chosen_kernels()


@pytest.mark.usefixtures("choose_again")
@pytest.mark.parametrize("fault", [ImportError("No module named 'numba'"), OSError(28, "No space left on device")])
def test_without_a_compiler_numpy_answers_and_says_why(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Kernels:
        raise fault

    expected = fit_board(world(1), plain())
    choosing.chosen_kernels.cache_clear()
    monkeypatch.setattr(choosing, "compiled_kernels", broken)
    assert warm_up().name == "numpy"
    assert str(fault) in warm_up().why
    board = fit_board(world(1), plain())
    assert board.kernels == "numpy"
    assert board.models == expected.models


def test_no_fit_compiles_anything_after_the_warm_up() -> None:
    kernels = compiled_kernels()
    loops = [getattr(kernels, field.name) for field in fields(kernels) if field.name not in {"name", "why"}]
    before = [len(loop.signatures) for loop in loops]
    for kind in ("hc0", "cr1", "cv3"):
        for style in (0, 3):
            votes = world(1, style=style)
            fit_board(votes, plain(intervals=kind, style=votes.style_names, draws=99, cap=0.05), kernels=kernels)
    assert [len(loop.signatures) for loop in loops] == before


def test_the_written_out_exponential_is_exact_to_the_last_bits() -> None:
    x = np.concatenate([np.linspace(-700, 700, 400_001), [0.0, 1e-300, -1e-300]])
    found = x.copy()
    kernels_numba._odds_against(found, np.zeros(len(x), np.int64), len(x))
    np.testing.assert_allclose(found, np.exp(x), rtol=4e-16)


@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_both_solvers_solve(size: int) -> None:
    rng = np.random.default_rng(size)
    root = rng.normal(size=(size, size + 3))
    matrix, right = root @ root.T, rng.normal(size=(size, 2))
    for kernels in (compiled_kernels(), numpy_kernels()):
        lower, skipped = kernels.factor(matrix, np.diag(matrix).copy())
        assert not skipped.any()
        np.testing.assert_allclose(matrix @ kernels.solve(lower, right), right, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(kernels.product(lower, lower.T.copy()), matrix, rtol=1e-10)


@pytest.mark.slow
def test_a_machine_without_a_writable_folder_still_ranks(tmp_path: Path) -> None:
    """Neither the source's folder nor the home can be written: numba compiles in memory, or NumPy takes over."""
    code = (
        "import numba.core.caching as c\n"
        "c.CacheImpl._locator_classes = []\n"
        "from apps.rankings.domain.kernels import warm_up\n"
        "print(warm_up().name)\n"
    )
    environment = {**os.environ, "HOME": str(tmp_path / "nowhere")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, timeout=120
    )
    assert done.stdout.strip() == "numba"
