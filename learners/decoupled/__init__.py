"""Modules that do not wait for one another: decoupled neural interfaces, and what is known of synthetic gradients."""
