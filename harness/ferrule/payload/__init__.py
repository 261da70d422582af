"""What is to run, compiled: names of workloads and C sources go in; a program with a plan in it comes out."""
