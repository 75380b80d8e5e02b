"""What runs on the gateway. The program `portway` calls these modules; importing one runs nothing."""
