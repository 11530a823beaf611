"""What the adapters for other projects' data sets have in common: their options, their progress, their errors."""
