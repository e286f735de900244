"""What learns: graphs, losses, training and evaluation; worlds come as arguments."""
