"""FMS: five CSV exports of the fleet management system, every night, with geocoding and preferred days."""
