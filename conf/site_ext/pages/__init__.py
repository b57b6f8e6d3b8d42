"""What each page says about itself."""
