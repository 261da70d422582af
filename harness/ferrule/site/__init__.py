"""The site of results: stored runs, profiles and idle tables go in; HTML pages that need nothing else come out."""
