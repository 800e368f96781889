#!/bin/sh
# Serve a vision-language model by vLLM for `memecap caption --model configs/serve/….yaml`, `label` and `evaluate`.
#
#   scripts/serve_vllm.sh                                 Qwen/Qwen3-VL-8B-Instruct on port 8000
#   MODEL=Qwen/Qwen3-VL-2B-Instruct PORT=8001 GPU=1 scripts/serve_vllm.sh
#   ADAPTER=output/vlm_qwen3_2b_lora/checkpoints/best/adapter scripts/serve_vllm.sh    our LoRA, as the model `memes`
#
# One process a GPU is the simplest way to use several: start it once for each, with another PORT and GPU, and list the
# addresses under `endpoint` of the YAML. Needs `pip install vllm` in an environment of its own; never run in the tests.
set -eu
MODEL=${MODEL:-Qwen/Qwen3-VL-8B-Instruct}
NAME=${NAME:-$(basename "$MODEL")}
PORT=${PORT:-8000}
HOST=${HOST:-127.0.0.1}
REVISION=${REVISION:-}
ADAPTER=${ADAPTER:-}
# A prompt of ours with its picture (1,024 × 1,024 pixels) is some 1,700 tokens, a caption 400 at most.
LENGTH=${LENGTH:-4096}

command -v vllm > /dev/null || { echo "vllm is not installed: pip install vllm" >&2; exit 69; }
[ -z "${GPU:-}" ] || export CUDA_VISIBLE_DEVICES="$GPU"
# A key, where the server is reached by others: export VLLM_API_KEY; never a flag, which `ps` shows.
set -- "$MODEL" --served-model-name "$NAME" --host "$HOST" --port "$PORT" --max-model-len "$LENGTH" \
    --limit-mm-per-prompt '{"image": 1}' --generation-config vllm "$@"
[ -z "$REVISION" ] || set -- "$@" --revision "$REVISION"
[ -z "$ADAPTER" ] || set -- "$@" --enable-lora --lora-modules "memes=$ADAPTER"
exec vllm serve "$@"
