"""One file an output format. Reads summaries, never samples in flight; nothing here measures."""
