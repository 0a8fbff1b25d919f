"""What each command of ``allcue`` does; `service.cli` only names them and their options."""
