"""What all wings share."""
