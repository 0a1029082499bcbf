"""The package on a real Debian: systemd as PID 1 in a container, real units, a real share."""
