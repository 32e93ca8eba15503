"""The speaker: joining clips, playing them, recording what was played."""
