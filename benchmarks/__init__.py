"""The figures the project quotes, each from one command."""
