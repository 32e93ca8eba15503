"""What a machine's keeper meets of every Choba program: settings files, log lines, signs of life."""
