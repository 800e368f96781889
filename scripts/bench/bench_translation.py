"""How fast corpora are translated, and what a known translation costs.

    python scripts/bench/bench_translation.py engines [--captions CAPTIONS.gz]
    python scripts/bench/bench_translation.py warm --rows 155070
    python scripts/bench/bench_translation.py memory

`engines` runs a Marian model of the size of opus-mt-en-ru (512 wide, 6 + 6 layers, 62,518 pieces, random weights, so
every sentence is decoded to the same given length) on CTranslate2 in int8 and in fp32 and by transformers' `generate`,
greedily, on the same cores, and compares the tokens in fp32. `warm` translates a corpus whose sentences are all in the
cache. `memory` is the peak of translating ever larger corpora, each in a process of its own.
Seconds are given by the clock and by the processor: on a busy machine only the second kind can be compared.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from memecap.core import manifest
from memecap.core.manifest import Row
from memecap.translation import translate_corpus
from memecap.translation.base import Translator

PIECES, BATCH = 62_518, 32


class Known(Translator):
    """An engine whose answers cost nothing."""

    @property
    def version(self) -> str:
        return "known 1"

    def translate(self, sentences: Sequence[str]) -> list[str]:
        return [f"Мужчина в синей рубашке стоит на лестнице и моет окно {s.split()[-2]}." for s in sentences]


@contextmanager
def measured(name: str) -> Iterator[None]:
    clock, processor = time.perf_counter(), time.process_time()
    yield
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    print(f"{name:28} {clock:8.2f} s by the clock {processor:8.2f} s of processor", flush=True)


def engines(captions: Path | None, n: int, n_tokens: int, threads: int) -> None:
    import ctranslate2
    import torch
    from transformers import AutoTokenizer, MarianMTModel

    from memecap.core import hub

    torch.set_num_threads(threads)
    sentences = made_up() if captions is None else gzip.decompress(captions.read_bytes()).decode().splitlines()
    with tempfile.TemporaryDirectory() as home:
        os.environ["MEMECAP_CACHE"] = home
        folder = Path(home) / "random-marian"
        random_marian(folder, sentences)
        chosen = sentences[:n]
        warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = hub.pretrained(MarianMTModel, folder)
        model.generation_config.max_length = None
        ids: list[list[int]] = []
        with measured("transformers, fp32"):
            order = sorted(range(n), key=lambda i: len(chosen[i]))
            for start in range(0, n, BATCH):
                inputs = tokenizer([chosen[i] for i in order[start : start + BATCH]], return_tensors="pt", padding=True)
                made = model.generate(**inputs, num_beams=1, min_new_tokens=n_tokens, max_new_tokens=n_tokens)
                ids += made[:, 1:].tolist()
        theirs = {i: tokenizer.convert_ids_to_tokens(row)[: n_tokens - 1] for i, row in zip(order, ids, strict=True)}
        tokens = [tokenizer.convert_ids_to_tokens(tokenizer(sentence).input_ids) for sentence in chosen]
        for compute in ("float32", "int8"):
            converted = convert(folder, Path(home), compute)
            translator = ctranslate2.Translator(
                str(converted), compute_type=compute, inter_threads=threads, intra_threads=1
            )
            with measured(f"CTranslate2, {compute}"):
                results = translator.translate_batch(
                    tokens,
                    beam_size=1,
                    max_batch_size=BATCH,
                    min_decoding_length=n_tokens - 1,
                    max_decoding_length=n_tokens - 1,
                )
            ours = [result.hypotheses[0][: n_tokens - 1] for result in results]
            same = sum(our == theirs[i] for i, our in enumerate(ours))
            print(f"    {same} of {n} sentences have the same {n_tokens - 1} tokens as transformers in fp32")


def made_up() -> list[str]:
    """About a thousand captions of different lengths."""
    whos = ("A man in a blue shirt", "Two dogs", "A girl", "Several people in winter coats", "An old cyclist")
    actions = ("standing", "looking at a red car", "running", "sitting and reading a newspaper", "cleaning a window")
    places = ("in a street", "near the water", "on a wooden bench in a park", "at night", "beside a large building")
    ends = ("", "with a cup of coffee", "while others watch", "under a grey sky", "in front of a crowd", "alone")
    return [
        " ".join(f"{who} {action} {place} {end}".split()) + " ."
        for who in whos
        for action in actions
        for place in places
        for end in ends
    ]


def convert(folder: Path, home: Path, compute: str) -> Path:
    from memecap.translation.runtime import ctranslate2

    return ctranslate2.convert(folder, home / compute, compute)


def random_marian(folder: Path, sentences: Sequence[str]) -> None:
    """A model of the size of opus-mt-en-ru; its pieces are learnt from the sentences and filled up with names."""
    import sentencepiece
    import torch

    sys.path.append(str(Path(__file__).parents[1] / "demo_checkpoints"))
    from train_marian import make_model, make_vocabulary, save_marian, train_pieces

    torch.manual_seed(0)
    spm = train_pieces(sentences, 4000)
    known = make_vocabulary(sentencepiece.SentencePieceProcessor(model_proto=spm))
    pieces = [piece for piece in known if piece != "<pad>"]
    pieces += [f"▁filler{i}" for i in range(PIECES - 1 - len(pieces))]
    vocabulary = {piece: i for i, piece in enumerate([*pieces, "<pad>"])}
    model = make_model(vocabulary, width=512, n_layers=6, n_heads=8)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(3)  # random weights as large as trained ones, or all tokens would be alike
        model.get_input_embeddings().weight[vocabulary["<pad>"]] = 0
    print(f"{sum(parameter.numel() for parameter in model.parameters()) / 1e6:.1f} M parameters")
    save_marian(model, vocabulary, spm, spm, folder)


def corpus(folder: Path, n: int) -> manifest.Corpus:
    """Rows of one English caption each, streamed to disk."""
    from memecap.core import storage

    sentence = "A man in a blue shirt is standing on a ladder cleaning window {} ."
    rows = (
        Row(
            captions=(sentence.format(i),),
            image_id=f"{i:064}",
            group_id=f"{i:064}",
            corpus="c",
            split="train",
            language="en",
        ).to_json()
        for i in range(n)
    )
    return manifest.finish(folder, "c", {"train": storage.write_jsonl(folder / "train" / "metadata.jsonl", rows)})


def warm(n: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        source = corpus(Path(home) / "en", n)
        for name in ("cold", "warm"):
            with measured(f"{n} rows, {name}"):
                summary = translate_corpus(source, Known(), Path(home) / name, cache=Path(home) / "cache.sqlite")
            print(f"    {summary.captions} captions, {summary.asked} translated")


def memory() -> None:
    for n in (10_000, 100_000, 1_000_000):
        process = multiprocessing.get_context("spawn").Process(target=peak, args=(n,))
        process.start()
        process.join()


def peak(n: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        source = corpus(Path(home) / "en", n)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        translate_corpus(source, Known(), Path(home) / "ru", cache=Path(home) / "cache.sqlite")
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{n:9} rows: peak {after:.0f} MiB, {after - before:.0f} MiB of it for the translation", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("engines", "warm", "memory", "all"), default="all")
    parser.add_argument("--captions", type=Path, help="captions, a line each, gzip; made up when absent")
    parser.add_argument("--sentences", type=int, default=128)
    parser.add_argument("--tokens", type=int, default=24, help="length of every translation")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rows", type=int, default=155_070)
    options = parser.parse_args()
    if options.what in ("engines", "all"):
        engines(options.captions, options.sentences, options.tokens, options.threads)
    if options.what in ("warm", "all"):
        warm(options.rows)
    if options.what in ("memory", "all"):
        memory()


if __name__ == "__main__":
    main()
