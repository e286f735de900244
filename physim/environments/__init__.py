"""Worlds as Gymnasium environments; nothing is imported here, because registering must not load gymnasium."""
