"""The suites: one short pytest file a family, named bench_*.py. In: the registry's workloads; out: tests to collect."""
