"""Stories: what a household does with its telephone, from end to end."""
