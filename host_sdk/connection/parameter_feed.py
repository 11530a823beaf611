"""What a trainer says about the parameters of a host's world, in the order in which it was said."""

from __future__ import annotations

from host_sdk.environment_parameters import EnvironmentParameters
from protocol.environment_sampler import EnvironmentSampler, samplers_from_wire
from protocol.messages import EnvironmentParameters as ParametersMessage
from protocol.messages import Welcome


class ParameterFeed:
    """Takes messages in, each once, and none that was overtaken.

    Attributes:
        parameters: of the world as a whole; leads those of training environments.
    """

    def __init__(self) -> None:
        self.parameters = EnvironmentParameters()
        self._host_index = 0
        self._serial = 0
        self._taken: tuple[int, int, dict[str, EnvironmentSampler]] | None = None

    def begin_session(self, welcome: Welcome) -> None:
        """Serials count from here: a trainer that took the place of another may be back at an earlier lesson."""
        self._host_index = welcome.host_index
        self._serial = 0
        if not welcome.resumed:
            self._taken = None

    def hear(self, message: ParametersMessage) -> None:
        """Sets the parameters, unless a later message was heard already, or this one before the connection was lost.

        Raises:
            SchemaError: a sampler is wrong; names its path. Nothing was set.
        """
        samplers = samplers_from_wire(message.samplers)
        heard = message.serial, self._host_index, samplers
        if message.serial <= self._serial or heard == self._taken:
            return
        self._serial, self._taken = message.serial, heard
        self.parameters.set_samplers(samplers, host_index=self._host_index, requires_reset=message.requires_reset)
