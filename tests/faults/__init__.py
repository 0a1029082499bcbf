"""Fault injection: kill a job, or fill its disk, at every call that changes something."""
