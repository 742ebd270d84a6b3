"""Whether a board's published numbers follow from its published evidence; anybody can ask this without the votes."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from apps.rankings.domain.method import CENTRE, MICRO, POINTS
from apps.rankings.domain.votes import Floats

#: One Newton step from a true optimum moves no rating by more than this, in points.
_STEP: Final = 1e-6
#: What two ways to solve the same equations may differ by, as a share of the largest number.
_SHARE: Final = 1e-6


def what_does_not_follow(
    evidence: Mapping[str, Any],
    parameters: Mapping[str, Any],
    ratings: Mapping[int, tuple[int, int | None, int | None]],
) -> list[str]:
    """Return a sentence for each thing that does not follow; none where all of it does.

    ``ratings`` gives each model's rating and interval in millionths, ``parameters`` the board's own. The optimum: one
    Newton step from it, H⁻¹ times the gradient, moves nothing. The covariance of the kinds ``hc0`` and ``cr1`` is the
    correction times H⁻¹ M H⁻¹; a jackknife's (``cv3``) does not follow from sums, and is taken as published. Ratings
    are 1000 + θ · 400 / ln 10, intervals so many standard errors around them.
    """
    theta = np.array(evidence["theta"])
    models, size = len(theta), len(theta) + len(evidence["beta"])
    hessian, covariance = np.array(evidence["hessian"]), np.array(evidence["covariance"])
    found = []
    squares = (hessian.shape, covariance.shape, np.shape(evidence["middle"]))
    if {*squares} != {(size, size)} or np.shape(evidence["gradient"]) != (size,) or len(evidence["models"]) != models:
        return ["The matrices do not fit the number of models and columns."]
    inverse = _inverse(hessian, models)
    if inverse is None:
        return ["The Hessian is not that of a maximum."]
    step = float(np.abs(inverse @ np.array(evidence["gradient"])).max()) * POINTS
    if not step <= _STEP:
        found.append(f"It is no optimum: one more step moves a rating by {step:.3g} points.")
    if parameters["intervals"] in {"hc0", "cr1"}:
        expected = parameters["correction"] * inverse @ np.array(evidence["middle"]) @ inverse
        apart = float(np.abs(expected - covariance).max())
        if not apart <= _SHARE * float(np.abs(covariance).max()):
            found.append(f"The covariance does not follow from Hessian and middle: it is {apart:.3g} apart.")
    halves = parameters["half_width_in_errors"] * np.sqrt(np.clip(np.diag(covariance), 0, None)) * POINTS * MICRO
    for place, model in enumerate(evidence["models"]):
        rating, lower, upper = ratings.get(model, (0, None, None))
        if abs(rating - (CENTRE + POINTS * theta[place]) * MICRO) > 1:
            found.append(f"The rating of model {model} does not follow from the optimum.")
        if lower is not None and upper is not None and abs((upper - lower) / 2 - halves[place]) > 1:
            found.append(f"The interval of model {model} does not follow from the covariance.")
    if set(evidence["models"]) != set(ratings):
        found.append("The models of the evidence are not those of the board.")
    return found


def _inverse(hessian: Floats, models: int) -> Floats | None:
    """Return the inverse with the mean of the ratings fixed, which changes no difference; None where there is none."""
    filled = hessian.copy()
    filled[:models, :models] += np.trace(hessian[:models, :models]) / (models * models)
    try:
        np.linalg.cholesky(filled)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(np.linalg.inv(filled))
