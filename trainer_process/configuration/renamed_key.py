"""Keys of earlier releases, of other documents and of other libraries, and what to write in their place."""

from __future__ import annotations

from collections.abc import Mapping

RENAMED_KEYS: Mapping[str, str] = {
    "brain_to_imitate": "behavioral_cloning, or learning-bridge imitate",
    "clip_range": "hyperparameters.epsilon; or settings.clip_range, by this project's own name",
    "curriculum_learning": "environment_parameters.NAME.curriculum",
    "default": "default_settings, or behaviors.NAME",
    "discount_factor": "reward_signals.extrinsic.gamma; or settings.discount_factor, by this project's own name",
    "engine_config": "engine_settings",
    "entropy_coefficient": "hyperparameters.beta; or settings.entropy_coefficient, by this project's own name",
    "env_config": "env_settings",
    "epochs": "num_epoch; or settings.epochs, by this project's own name",
    "gae_lambda": "hyperparameters.lambd; or settings.gae_lambda, by this project's own name",
    "lambda": "lambd",
    "max_step": "max_steps",
    "memory_window": "network_settings.memory.sequence_length",
    "minibatch_size": "batch_size; or settings.minibatch_size, by this project's own name",
    "model_path": "init_path, or --initialize-from RUN-ID",
    "num_update": "steps_per_update",
    "parameter_randomization": "environment_parameters",
    "pretraining": "behavioral_cloning",
    "resampling-interval": "environment_parameters, whose samplers draw at every episode",
    "reward_signal_num_update": "reward_signal_steps_per_update",
    "sampler-type": "sampler_type, and sampler_parameters below it",
    "save_freq": "checkpoint_interval, which counts agent-steps",
    "save_steps_interval": "checkpoint_interval",
    "steps_per_hand_off": "buffer_size",
    "summary_path": "run_id",
    "synchronous": "threaded, which is the contrary; or settings.synchronous, by this project's own name",
    "total_steps": "max_steps",
    "trainer": "trainer_type",
    "train_interval": "hyperparameters.steps_per_update",
    "updates_per_train": "hyperparameters.steps_per_update",
    "use_curiosity": "reward_signals.curiosity",
    "use_recurrent": "network_settings.memory, with memory_size and sequence_length below it",
}
"""What to write in place of a key that isn't known where it stands. Keys that are known elsewhere are found without."""


DROPPED_KEYS = frozenset({"framework", "output_path", "tensorflow", "torch"})
"""Keys of earlier releases that ML-Agents itself has dropped, or passes over."""


def replacement_of(key: str) -> str:
    """What to write in place of a key, as a clause; empty where the tables haven't it."""
    if key in DROPPED_KEYS:
        return "leave it out: ML-Agents has dropped it"
    replacement = RENAMED_KEYS.get(key)
    return f"write {replacement}" if replacement else ""
