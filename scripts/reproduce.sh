#!/bin/sh
# The whole road with real data and real checkpoints, for a machine with the network and a GPU.
#
#   export VK_TOKEN=…            a user or service token of VK
#   scripts/reproduce.sh         stopped at any point, the same command goes on there
#
# Put beforehand, because their owners ask for an account or a signature:
#   data/raw/flickr30k/          results.csv or results_20130124.token, and flickr30k_images/
#   data/raw/vizwiz/             train.json, val.json, and images/
# On several GPUs: TRAIN="torchrun --nproc_per_node 4 -m memecap train" scripts/reproduce.sh
set -eu
cd "$(dirname "$0")/.."
TRAIN=${TRAIN:-memecap train}
: "${VK_TOKEN:?export VK_TOKEN: a user or service token of VK}"

# Exit code 1 says that some items failed and the others are done: the road goes on with those.
most() { "$@" || [ $? -eq 1 ]; }

memecap doctor

# Memes: scrape, build, read.
most memecap scrape textmeme badtextmeme --out data/raw/memes
most memecap corpus build -c configs/corpora/memes.yaml --on workers
memecap corpus check data/corpora/memes
memecap read data/corpora/memes

# Photographs with English captions: build, translate.
for corpus in flickr30k vizwiz; do
    most memecap corpus build -c "configs/corpora/$corpus.yaml" --on workers
    memecap translate "data/corpora/$corpus" --to "data/corpora/${corpus}_opus" --engine marian
done

# The flagship: its features are computed once, then two stages.
memecap features data/corpora/flickr30k_opus data/corpora/vizwiz_opus data/corpora/memes \
    --config configs/train/clipcap_ruclip.yaml
memecap train configs/train/clipcap_ruclip.yaml --dry-run
$TRAIN configs/train/clipcap_ruclip.yaml

# The table with its floors, the report, and a caption.
memecap evaluate output/clipcap_ruclip data/corpora/memes --split test --decoding beam --set width=4 \
    --out output/clipcap_ruclip/test
memecap caption --model output/clipcap_ruclip --json data/corpora/memes/test/images | head -n 5
echo "Open output/clipcap_ruclip/test/report.html"
