"""What people are asked when they add, change and configure a line."""
