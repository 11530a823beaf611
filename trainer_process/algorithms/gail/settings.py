"""Settings of GAIL."""

from __future__ import annotations

from trainer_process.algorithms.adversarial.settings import AdversarialSettings
from trainer_process.models.reward_form import RewardForm


class GAILSettings(AdversarialSettings):
    """How GAIL learns.

    Attributes:
        reward_form: what of the logit, which is high for the expert, is the reward; see `gail_rewards`. "positive" pays
            for every further step and so for surviving, "negative" makes every step cost and so pays for an early end,
            "logit" has either sign. Normalised rewards have either sign too. Where all episodes have one length none
            of this matters to what the best policy is.
    """

    reward_form: RewardForm = "positive"
