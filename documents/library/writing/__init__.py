"""Documents that the practice writes itself: checked HTML with merge fields in, a tagged PDF/A out."""
