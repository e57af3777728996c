"""`make stack`: every part of docker-compose.yml as processes of this machine, without containers."""
