"""What the scripts of the papers share, and their larger parts; see the scripts beside this folder."""
