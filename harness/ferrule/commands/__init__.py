"""The commands besides a measurement: arguments go in; the result goes to stdout, as text or JSON."""
