"""Which pictures are nearly equal: fingerprints, the net of hashes that finds pairs, the alignment that decides."""
