"""Pictures that the server draws: shapes with classes, colored by the style sheets; every text in them is escaped."""
