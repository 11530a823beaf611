"""Copies of a Gymnasium environment as the agents of one host.

`python -m host_sdk.adapters.gymnasium --env-id CartPole-v1`. Inside this package `import gymnasium` is the library.
"""
