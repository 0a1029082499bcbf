"""Stand-ins for what the appliance meets in the world: sample workbooks, remote services on loopback."""
