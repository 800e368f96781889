"""The quality gate of translations: its rules, and how it tells Russian and finds numbers."""
