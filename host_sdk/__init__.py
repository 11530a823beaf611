"""The host side of learning-bridge: run a policy inside an engine and hand its experience to a trainer."""
