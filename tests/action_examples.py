"""One example of every action element."""

from __future__ import annotations

from protocol.schema import (
    ActionElement,
    AngleAction,
    BitmaskAction,
    BoolAction,
    ContinuousAction,
    DirectionAction,
    EitherAction,
    EncodingAction,
    EnumAction,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    FloatAction,
    InclusiveDiscreteAction,
    InclusiveUnionAction,
    LocationAction,
    NamedExclusiveDiscreteAction,
    NamedInclusiveDiscreteAction,
    NullAction,
    OptionalAction,
    PairAction,
    RotationAction,
    ScaleAction,
    StaticArrayAction,
    StructAction,
    TransformAction,
    VelocityAction,
)

_TWO = ContinuousAction(2, 3.0)
_NAMED = (("first", _TWO), ("second", BoolAction()))
_THREE = ("a", "b", "c")
_SHARES = (0.5, 0.2, 0.3)
_CHANCES = (0.5, 0.9, 0.1)

ACTION_EXAMPLES: tuple[tuple[ActionElement, int], ...] = (
    (NullAction(), 0),
    (ContinuousAction(2, 2.0, "clip", (-1.0, -2.0), (1.0, 2.0)), 2),
    (ExclusiveDiscreteAction(3, _SHARES), 3),
    (InclusiveDiscreteAction(3, _CHANCES), 3),
    (StructAction(_NAMED), 3),
    (StaticArrayAction(_TWO, 3), 6),
    (ExclusiveUnionAction(_NAMED, (0.25, 0.75)), 3 + 2),
    (InclusiveUnionAction(_NAMED, (0.25, 0.25)), 3 + 2),
    (EncodingAction(_TWO, 16, (8,), "relu"), 2),
    (FloatAction(2.0, "clip", -1.0, 1.0), 1),
    (BoolAction(0.25), 1),
    (NamedExclusiveDiscreteAction(_THREE, _SHARES), 3),
    (NamedInclusiveDiscreteAction(_THREE, _CHANCES), 3),
    (EnumAction(_THREE, _SHARES), 3),
    (BitmaskAction(_THREE, _CHANCES), 3),
    (PairAction(_TWO, BoolAction()), 3),
    (OptionalAction(_TWO, 0.25), 2 + 2),
    (EitherAction(_TWO, BoolAction(), 0.25), 3 + 2),
    (LocationAction(2.0), 3),
    (RotationAction(45.0), 3),
    (ScaleAction(2.0), 3),
    (TransformAction(2.0, 45.0, 0.5), 9),
    (AngleAction(45.0), 1),
    (VelocityAction(2.0), 3),
    (DirectionAction(), 3),
)
"""Every action element with the floats that it takes."""

OTHER_VALUES: dict[str, object] = {
    "size": 4,
    "scale": 7.0,
    "low": -3.0,
    "high": 3.0,
    "count": 4,
    "elements": _NAMED[::-1],
    "element": BoolAction(),
    "key": BoolAction(),
    "value": _TWO,
    "a": BoolAction(),
    "b": _TWO,
    "names": ("a", "b", "d"),
    "encoding_size": 17,
    "hidden_sizes": (9,),
    "activation": "elu",
    "prior_probability": 0.75,
    "prior_probability_of_a": 0.75,
    "prior_probabilities": None,
    "location_scale": 9.0,
    "rotation_scale": 9.0,
    "scale_scale": 9.0,
}
"""By field, a value that none of the examples has there."""
