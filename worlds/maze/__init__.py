"""Mazes of square cells."""
