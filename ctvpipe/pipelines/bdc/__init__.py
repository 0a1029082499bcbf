"""BDC: customers, equipment and services of Sonar billing, as points in PostGIS, and the filing that they are for."""
