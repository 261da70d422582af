"""Pure functions on numpy arrays: samples go in; estimates, intervals, flags and decisions come out, sources cited."""
