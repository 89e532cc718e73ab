"""What becomes of a call: who answers, what is said, and what people and automations do with it."""
