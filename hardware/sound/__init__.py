"""The speaker: its driver, its simulator, and the proof of what was played."""
