"""A line lived through in virtual time: everything that happens comes from one seed."""
