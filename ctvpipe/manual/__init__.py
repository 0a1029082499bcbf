"""The manual, made from what the code declares: commands, settings, exit codes and the table of jobs."""
