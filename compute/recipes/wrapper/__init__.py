"""The parent of every training process, in pods and on the platform's own host. Standard library only."""
