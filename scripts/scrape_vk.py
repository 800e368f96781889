"""Scrape VK communities: `memecap scrape` as a script.

Example: python scripts/scrape_vk.py textmeme --max-posts 500 --out data/raw/vk
"""

import sys

from memecap.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "scrape")
    main()
