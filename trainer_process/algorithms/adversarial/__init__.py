"""What GAIL and AIRL share: a discriminator that rewards PPO for what looks like the expert's doing."""
