"""Pictures of the pages as SVG: shapes and classes; colors are in the style sheets, and every text is escaped."""
