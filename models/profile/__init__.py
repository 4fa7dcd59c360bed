"""What modelling languages lack: a UML profile and Capella property values, made from one table."""
