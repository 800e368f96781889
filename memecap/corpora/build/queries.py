"""What the journal of a build asks of SQLite: its tables, and the statements that give each item group and split.

`rank` is a split as a number (see `splits.py`); a unit is a picture, or a text without one; its base names its group.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    path TEXT PRIMARY KEY, stamp TEXT, image_id TEXT, suffix TEXT, width INT, height INT, plain INT, reason TEXT,
    fingerprint BLOB);
CREATE TABLE IF NOT EXISTS written (
    image_id TEXT, rank INT, suffix TEXT, PRIMARY KEY (image_id, rank, suffix));
CREATE TEMP TABLE items (
    seq INTEGER PRIMARY KEY, key TEXT, image_id TEXT, captions TEXT, source_captions TEXT, image TEXT, rank INT,
    own TEXT, url TEXT, reason TEXT);
CREATE TEMP TABLE pins (image_id TEXT, base TEXT, rank INT, own INT, key TEXT, suffix TEXT);
CREATE TEMP TABLE neighbours (image_id TEXT PRIMARY KEY, fingerprint BLOB);
CREATE TEMP TABLE joined (base TEXT PRIMARY KEY, root TEXT);
"""

LOOKED_AT = """
INSERT OR REPLACE INTO pictures
    VALUES (:path, :stamp, :image_id, :suffix, :width, :height, :plain, :reason, :fingerprint)
"""

FRESH = """
CREATE TEMP TABLE fresh AS SELECT DISTINCT i.image AS path FROM items i LEFT JOIN pictures p ON p.path = i.image
    WHERE i.image != '' AND stamp_of(i.image) IS NOT p.stamp;
"""

UNITS = """
CREATE TEMP TABLE units AS
    SELECT i.image_id, MIN(i.seq) AS seq, MAX(i.rank) AS official, i.image != '' AS pictured, MIN(p.path) AS path,
           NULL AS rank, COALESCE(NULLIF(i.own, ''), i.image_id) AS base
    FROM items i LEFT JOIN pictures p ON p.path = i.image WHERE i.image_id != '' GROUP BY i.image_id;
CREATE UNIQUE INDEX units_id ON units (image_id);
CREATE INDEX items_id ON items (image_id);
CREATE INDEX items_key ON items (key);
CREATE INDEX pins_id ON pins (image_id);
UPDATE units SET base = own.base, rank = own.rank
    FROM (SELECT image_id, base, rank FROM pins WHERE own) AS own WHERE own.image_id = units.image_id;
CREATE TEMP TABLE seen AS SELECT base, path, NULL AS image_id FROM units WHERE pictured
    UNION ALL SELECT base, NULL, image_id FROM pins JOIN neighbours USING (image_id) WHERE NOT own;
CREATE TEMP VIEW prints AS
    SELECT s.rowid AS place, s.base, COALESCE(p.fingerprint, n.fingerprint) AS fingerprint
    FROM seen s LEFT JOIN pictures p ON p.path = s.path LEFT JOIN neighbours n ON n.image_id = s.image_id;
"""

# A target is NULL where rows that have their split already stand on two sides.
ASSIGN = """
CREATE TEMP TABLE targets AS SELECT root, name, CASE WHEN low = high THEN low END AS rank FROM (
    SELECT COALESCE(j.root, p.base) AS root, MIN(p.base) AS name, MIN(p.rank) AS low, MAX(p.rank) AS high
    FROM pins p LEFT JOIN joined j USING (base) GROUP BY 1);
CREATE UNIQUE INDEX targets_root ON targets (root);
CREATE TEMP TABLE roots AS SELECT COALESCE(j.root, u.base) AS root, u.base AS base, MIN(u.seq) AS seq
    FROM units u LEFT JOIN joined j USING (base) GROUP BY 1;
CREATE UNIQUE INDEX roots_root ON roots (root);
INSERT INTO targets SELECT root, r.base, COALESCE(NULLIF(official, 0), split_of(r.base)) FROM (
    SELECT COALESCE(j.root, u.base) AS root, MAX(u.official) AS official FROM units u LEFT JOIN joined j USING (base)
    GROUP BY 1) JOIN roots r USING (root) WHERE root NOT IN (SELECT root FROM targets);
UPDATE units SET rank = new.rank, base = new.name FROM (
    SELECT u.image_id, t.name, CASE WHEN u.official IN (0, t.rank) THEN t.rank END AS rank
    FROM units u LEFT JOIN joined j USING (base) JOIN targets t ON t.root = COALESCE(j.root, u.base)
    WHERE u.rank IS NULL) AS new WHERE new.image_id = units.image_id;
"""

ROWS = """
SELECT u.image_id, u.base, u.rank, COALESCE(p.suffix, ''), i.key, i.captions, i.source_captions, i.url
FROM units u JOIN items i USING (image_id) LEFT JOIN pictures p ON p.path = i.image
WHERE u.rank IS NOT NULL AND (i.rank IN (0, u.rank)) ORDER BY u.image_id, i.seq
"""

DROPPED = """
SELECT p.key, CASE WHEN i.seq IS NULL THEN 'not in the source' WHEN i.image_id = '' THEN
       COALESCE(NULLIF(i.reason, ''), s.reason) WHEN i.rank NOT IN (0, p.rank) THEN 'in another split of the source'
       ELSE 'another picture' END
FROM pins p LEFT JOIN items i ON i.seq = (SELECT MIN(seq) FROM items WHERE key = p.key)
     LEFT JOIN pictures s ON s.path = i.image
WHERE p.own AND p.image_id NOT IN (
    SELECT u.image_id FROM units u JOIN items i USING (image_id) WHERE u.rank IS NOT NULL AND i.rank IN (0, u.rank))
ORDER BY p.rank, p.key
"""

WRITE_DOWN = """
INSERT OR IGNORE INTO written SELECT u.image_id, u.rank, p.suffix FROM units u JOIN pictures p USING (image_id)
    WHERE u.rank IS NOT NULL
"""

# What builds wrote: by their own record, and by the rows that stood before (older journals kept no record).
STRAYS = """
SELECT image_id, rank, suffix FROM (
    SELECT image_id, rank, suffix FROM written UNION SELECT image_id, rank, suffix FROM pins WHERE own AND suffix != '')
EXCEPT SELECT w.image_id, w.rank, w.suffix FROM written w JOIN units u USING (image_id) WHERE u.rank = w.rank
"""

FORGET = "DELETE FROM written WHERE image_id NOT IN (SELECT image_id FROM units WHERE units.rank = written.rank)"

GROUPS = "SELECT rank, COUNT(DISTINCT base) FROM units WHERE rank IS NOT NULL GROUP BY rank ORDER BY rank"

LEFT_OUT = """
SELECT i.key, i.image, CASE WHEN i.image_id = '' THEN COALESCE(NULLIF(i.reason, ''), p.reason) ELSE
       'nearly equal to a picture of another split' END AS reason, i.image_id = '' AS failed
FROM items i LEFT JOIN pictures p ON p.path = i.image LEFT JOIN units u ON u.image_id = i.image_id
WHERE i.image_id = '' OR u.rank IS NULL OR i.rank NOT IN (0, u.rank) ORDER BY i.seq
"""
