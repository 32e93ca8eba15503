"""How the shipped sounds are made: two speech synthesisers and a handful of sine waves.

Needed only to build ``device/sounds``; neither device nor tests import it.
"""
