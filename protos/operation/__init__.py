"""What a machine's keeper meets of every program: settings files, log lines, signs of life."""
