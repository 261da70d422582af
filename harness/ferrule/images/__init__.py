"""What is put into a machine: programs and the user's files go in; kernels, archives and file systems come out."""
