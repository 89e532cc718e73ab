"""Who calls: contacts, numbers, and what is done about either."""
