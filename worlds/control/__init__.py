"""Control tasks of pymunk bodies, pushed by numbers instead of choices."""
