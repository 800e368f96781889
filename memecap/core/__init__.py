"""What every room stands on: settings, parts by name, files on disk, the Hub, progress, work on several machines."""
