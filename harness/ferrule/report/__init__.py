"""One file an output: results go in; tables, pages and stored lines come out. Nothing here measures."""
