"""The programs of the gateway. The program `portway` calls these modules; importing one runs nothing."""
