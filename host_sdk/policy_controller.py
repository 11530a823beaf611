"""An expert that was trained: a controller that does what another policy does."""

from __future__ import annotations

import os

from host_sdk.controller import Controller
from host_sdk.errors import HostError
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.policy import Policy
from protocol.vector_array import FloatArray


class PolicyController(Controller):
    """Acts as a policy that nobody trains here: to be recorded, to be cloned, to correct a learner.

    Attributes:
        policy: the expert. What the learner of the same agents does, remembers and reports stays its own.
    """

    def __init__(self, policy: Policy, action_noise_scale: float = 0.0) -> None:
        """
        Args:
            policy: the expert.
            action_noise_scale: as for `Policy.run_inference`; 0 takes the mode of its distribution.
        """
        super().__init__()
        self.policy = policy
        self._action_noise_scale = action_noise_scale

    @classmethod
    def make_policy_controller(
        cls,
        manager: Manager,
        interactor: Interactor,
        policy: Policy | str | os.PathLike[str],
        *,
        action_noise_scale: float = 0.0,
        name: str = "PolicyController",
    ) -> PolicyController:
        """Constructs a controller and sets it up.

        Args:
            manager: whose agents it acts for.
            interactor: how they see and act.
            policy: the expert, of the same manager and interactor; or a policy file.
            action_noise_scale: as for `Policy.run_inference`; 0 takes the mode of its distribution.
            name: for people.

        Raises:
            PolicyFileError: the file can't be used.
            LayoutMismatchError: it was trained with other observations or actions than the interactor's.
            HostError: the policy is of another interactor.
        """
        if not isinstance(policy, Policy):
            policy = Policy.make_policy_from_file(manager, interactor, policy, name=name)
        if policy.interactor is not interactor:
            raise HostError(
                f"{name}: expected a policy of the interactor {interactor.name!r}, got one of "
                f"{policy.interactor.name!r}; save it and make the controller from its file"
            )
        controller = cls(policy, action_noise_scale)
        controller.name = name
        controller.setup_controller(manager, interactor)
        return controller

    def label_actions(self, agent_ids: AgentIds) -> FloatArray:
        """What the expert would do, float32[n, A]; its memory goes on once for each observation."""
        return self.policy.propose_actions(agent_ids, self._action_noise_scale)
