"""Core action elements that are made of others.

struct           its elements
static array     `count` times its element
exclusive union  the choice as a one-hot, and all options; those not chosen as zeros
inclusive union  which are present, and all options; absent ones as zeros
encoding         its element
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.limits import MAX_ACTION_SIZE, MAX_HIDDEN_SIZE
from protocol.policy_settings import Activation
from protocol.schema.action_element import ActionElement, check_action_tree, check_inner_action
from protocol.schema.validation import (
    as_bit_priors,
    as_choice_priors,
    as_size,
    check_activation,
    check_elements,
    check_sizes,
)

Named = tuple[tuple[str, ActionElement], ...]


@dataclass(frozen=True)
class StructAction(ActionElement):
    """Named elements in the order of declaration, which is part of the schema's identity.

    Raises:
        SchemaError: no elements, a bad or doubled name, or a tree that is too deep or too large.
    """

    type_name = "struct"

    elements: Named

    def __post_init__(self) -> None:
        super().__post_init__()
        check_elements(self.elements, ActionElement)
        check_action_tree(self)

    @property
    def vector_size(self) -> int:
        return sum(element.vector_size for _, element in self.elements)

    @property
    def children(self) -> tuple[tuple[str, ActionElement], ...]:
        return tuple((f".{name}", element) for name, element in self.elements)


@dataclass(frozen=True)
class StaticArrayAction(ActionElement):
    """`count` times the same element."""

    type_name = "static_array"
    child_keys = ("element",)

    element: ActionElement
    count: int

    def __post_init__(self) -> None:
        super().__post_init__()
        as_size(self.count, "count", MAX_ACTION_SIZE)
        check_inner_action(self.element, "element")
        check_action_tree(self)

    @property
    def vector_size(self) -> int:
        return self.count * self.element.vector_size

    @property
    def children(self) -> tuple[tuple[str, ActionElement], ...]:
        return (("[]", self.element),)


@dataclass(frozen=True)
class _Union(ActionElement):
    """Named options, of which some are acted.

    Raises:
        SchemaError: no options, a bad or doubled name, a probability out of range, or too deep or too large a tree.
    """

    encoding_keys = frozenset({"prior_probabilities"})

    elements: Named
    prior_probabilities: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_elements(self.elements, ActionElement)
        check_action_tree(self)

    @property
    def vector_size(self) -> int:
        return sum(element.vector_size for _, element in self.elements) + len(self.elements)

    @property
    def children(self) -> tuple[tuple[str, ActionElement], ...]:
        return tuple((f".{name}", element) for name, element in self.elements)


@dataclass(frozen=True)
class ExclusiveUnionAction(_Union):
    """One of several named options.

    Attributes:
        prior_probabilities: of the options in a new policy, summing to 1; None for equal ones.
    """

    type_name = "exclusive_union"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "prior_probabilities", as_choice_priors(self.prior_probabilities, len(self.elements)))


@dataclass(frozen=True)
class InclusiveUnionAction(_Union):
    """Any of several named options, each drawn independently: none, some or all of them.

    Attributes:
        prior_probabilities: of each option in a new policy; None for even odds.
    """

    type_name = "inclusive_union"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "prior_probabilities", as_bit_priors(self.prior_probabilities, len(self.elements)))


@dataclass(frozen=True)
class EncodingAction(ActionElement):
    """An element whose distribution a small network of its own yields: hidden layers behind a layer of `encoding_size`.

    The vector is the element's, and so is its hash: a recording stays usable when encodings come or go.

    Attributes:
        activation: after every layer but the last.
    """

    type_name = "encoding"
    encoding_keys = frozenset({"encoding_size", "hidden_sizes", "activation"})
    child_keys = ("element",)

    element: ActionElement
    encoding_size: int = 128
    hidden_sizes: tuple[int, ...] = ()
    activation: Activation = "elu"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_inner_action(self.element, "element")
        as_size(self.encoding_size, "encoding_size", MAX_HIDDEN_SIZE)
        check_sizes(self.hidden_sizes, "hidden_sizes", MAX_HIDDEN_SIZE)
        check_activation(self.activation)
        check_action_tree(self)

    @property
    def vector_size(self) -> int:
        return self.element.vector_size

    @property
    def children(self) -> tuple[tuple[str, ActionElement], ...]:
        return (("", self.element),)
