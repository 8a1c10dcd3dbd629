"""What happened and what runs now: the append-only history, progress rows, and the figures that monitoring reads."""
