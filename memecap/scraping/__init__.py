"""Scraping VK communities: walls in, posts and pictures out."""
