"""Sources for readers: what each is about, its tree, and which ones a name means."""
