"""Pure state of the counter: states, events, effects, transitions. No clock, no I/O, no Kivy."""
