"""The command line beside a measurement: words go in; what a command found comes out on stdout, as text or JSON."""
