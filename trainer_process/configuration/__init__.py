"""A run's configuration: ML-Agents' YAML dialect, with our own additions, read, judged and made this project's own.

    file ─► document ─► value tree ─► resolution ─► refusal, validation, judgement ─► RunConfiguration
            YAML with    what is       default_settings,  all problems at once,          │      │
            its places   where         what was typed     with places and hints     translation  written, report

What stands over what, from the weakest:

1. this project's defaults;
2. ML-Agents' defaults, for the algorithm's settings of a behavior that the file configures (by its name or by
   default_settings) with a trainer that ML-Agents has: a file that works there trains here with the numbers that it
   was tuned with. `config show` calls them "default (ML-Agents)";
3. what hosts ask for;
4. what the file names, default_settings beneath the behavior's own;
5. what was typed on the command line.

Networks are built by hosts, so of them only what is named counts: hosts that the trainer starts are told of it, and
a host that has another network is refused. A behavior that the file configures is trained by the trainer_type of the
file, ppo where it names none. A file that names behaviors must name every one that hosts come with, or have
default_settings.

Additions to the dialect: `settings`, `policy_settings` and `critic_settings` of a behavior, by this project's own
names, which win over ML-Agents'; `metrics_settings`, `evaluation_settings`; the trainer types bc, dagger, gail and
airl; and `sources`, which a run writes into its own configuration.

Where PPO differs from ML-Agents' and no name tells it: a ratio is of the whole action, not of each of its dimensions;
beta weighs the sum of the entropies of continuous actions, not their mean; a minibatch of steps with memory is of
whole windows; the last minibatch of an epoch is learnt from even if it is smaller; and see
`translation.DIALECT_DEFAULTS`.
"""

from __future__ import annotations

from trainer_process.configuration.environment_parameter import CompletionCriteria, Curriculum, Lesson, lessons_of
from trainer_process.configuration.loading import load_configuration
from trainer_process.configuration.run_configuration import RunConfiguration
from trainer_process.configuration.sampler import sampler_to_wire
from trainer_process.errors import ConfigurationError

__all__ = [
    "CompletionCriteria",
    "ConfigurationError",
    "Curriculum",
    "Lesson",
    "RunConfiguration",
    "lessons_of",
    "load_configuration",
    "sampler_to_wire",
]
