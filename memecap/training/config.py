"""TrainConfig: everything that decides a training run, from one complete YAML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from typing_extensions import Self

from memecap.core.config import CaptionerConfig, Frozen, MetricSettings
from memecap.decoding.base import SearchConfig
from memecap.decoding.greedy import Greedy
from memecap.metrics.base import Quantity
from memecap.scoring.presets import preset
from memecap.scoring.quantities import name_of, of_epoch
from memecap.training.trackers import Tracker


def _score_name(metric: Any) -> Any:
    return name_of(metric) if isinstance(metric, str) else metric


class EarlyStop(Frozen):
    """Which epoch is the best, and when to give up waiting for a better one."""

    metric: Annotated[str, BeforeValidator(_score_name)] = Field(
        "loss", description="of the val split: nats per token, or a ru-words score or val_metric of generated captions"
    )
    patience: int | None = Field(
        None, ge=1, description="epochs without a better one before the stage ends; null: none"
    )


class Plateau(Frozen):
    """A cut of the learning rate when the stage's metric stops improving."""

    patience: int = Field(5, ge=1, description="epochs without a better one before each cut")
    factor: float = Field(0.5, gt=0, lt=1, description="the learning rate is multiplied by this")


class SelfCritical(Frozen):
    """The reward of sampled captions in place of the likelihood of references: for the last stage (see scst.py)."""

    name: Literal["scst"] = Field("scst", description="self-critical sequence training")
    reward: Annotated[Literal["chrf2", "cider_d"], BeforeValidator(_score_name)] = Field(
        "chrf2", description="of a caption against its picture's references, under ru-words"
    )
    n_samples: int = Field(5, ge=1, description="captions sampled for each example")
    baseline: Literal["samples", "greedy"] = Field(
        "samples", description="what a caption must beat: the mean of the other samples, or the greedy caption"
    )
    max_new_tokens: int = Field(96, ge=1, description="longest sampled caption, in tokens")

    @model_validator(mode="after")
    def _enough_samples(self) -> Self:
        if self.baseline == "samples" and self.n_samples < 2:
            raise ValueError("the mean of the other samples needs n_samples of 2 or more; or set baseline: greedy")
        return self


class Mixed(Frozen):
    """One corpus of a stage."""

    name: str = Field(description="a folder of data_folder/corpora, or a path with a slash in it")
    weight: float = Field(
        1.0, gt=0, description="how often an epoch shows each row: 2 is twice, 0.5 a random half of the rows"
    )

    def folder(self, data_folder: Path) -> Path:
        """Where the corpus is."""
        return Path(self.name) if "/" in self.name else data_folder / "corpora" / self.name


def _mixed(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class StageConfig(Frozen):
    """One pass of training over its corpora. It starts from the best checkpoint of the stage before."""

    name: str = Field(pattern=r"^[\w-]+$", description="in the log, the curves and the messages")
    corpora: list[Annotated[Mixed, BeforeValidator(_mixed)]] = Field(
        min_length=1, description="names or {name, weight}"
    )
    epochs: int | None = Field(None, ge=1, description="passes over the corpora; this or steps")
    steps: int | None = Field(None, ge=1, description="optimizer steps; this or epochs")

    batch_size: int = Field(32, ge=1, description="examples of one forward, over all processes together")
    accumulate: int = Field(1, ge=1, description="forwards of one optimizer step")
    length_buckets: bool = Field(True, description="put captions of like length together, to save padding")
    captions: Literal["one", "all"] = Field(
        "all", description="of a picture with several: one by chance in each epoch, or all of them"
    )

    objective: SelfCritical | None = Field(
        None, description="null: the likelihood of references; {name: scst, …}: the reward of sampled captions"
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="share of a target's probability spread over the vocabulary; train_loss holds it"
    )
    augment: bool = Field(
        False, description="change train pictures by chance; one with text on it is never mirrored, turned or cut"
    )
    rotation_degrees: float = Field(
        0.0, ge=0, le=45, description="with augment, a photograph without text is turned so far at most, either way"
    )
    cache_features: bool = Field(
        True, description="run a frozen encoder once and keep its features; false: on the pixels, each time"
    )

    optimizer: Literal["adamw", "adam"] = Field("adamw", description="adam: without AdamW's decoupled weight decay")
    lr: float = Field(gt=0, description="highest learning rate")
    encoder_lr: float | None = Field(None, gt=0, description="of a trained image encoder; null: the same as lr")
    schedule: Literal["constant", "linear", "cosine", "plateau", "one_cycle"] = Field(
        "linear", description="after the warm-up; one_cycle: from a 25th up and to a 12,500th down, both as cosines"
    )
    plateau: Plateau = Field(Plateau(), description="for schedule: plateau")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the stage's real steps")
    weight_decay: float = Field(0.01, ge=0, description="on matrices; biases, norms and gains have none")
    clip: float | None = Field(1.0, gt=0, description="largest norm of the gradient; null: no limit")

    text_only: bool = Field(False, description="show no picture: the decoder learns the language of captions")
    readings: bool | None = Field(
        None, description="give the stored readings: true demands them, false hides them, null takes what there is"
    )
    simulate_reading: bool = Field(
        False, description="rows without a stored reading get a noisy one made from their caption's own quotes"
    )
    line_dropout: float = Field(
        0.0, ge=0, lt=1, description="chance that training hides a line of a reading: what a reader may miss"
    )
    recollections: bool = Field(False, description="tell what a memory knows of each picture: stored beside the corpus")
    recollection_dropout: float = Field(
        0.0, ge=0, lt=1, description="chance that training hides what is remembered: one model with and without memory"
    )
    simulate_recollection: float = Field(
        0.0, ge=0, le=1, description="chance that training simulates what is remembered where nothing is"
    )
    early_stop: EarlyStop = Field(EarlyStop(), description="which epoch is best, and when to stop")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give epochs or steps, one of the two")
        if self.text_only and (self.objective or self.early_stop.metric != "loss"):
            raise ValueError("a text_only stage captions no picture: set early_stop.metric to loss, and no objective")
        if self.rotation_degrees and not self.augment:
            raise ValueError("rotation_degrees is a part of augmentation: set augment: true")
        if self.optimizer == "adam" and self.weight_decay:
            raise ValueError("plain Adam decays no weight: set weight_decay: 0, or optimizer: adamw")
        if self.objective and self.early_stop.metric == "loss":
            raise ValueError("scst raises the loss of references: set early_stop.metric to a score, such as chrf2")
        if self.recollection_dropout and not self.recollections:
            raise ValueError("recollection_dropout hides what is remembered: set recollections: true")
        return self


class TrainConfig(Frozen):
    """A training run. `memecap config show FILE` prints each value and where it came from."""

    captioner: CaptionerConfig = Field(description="the part to train, with its settings")
    stages: list[StageConfig] = Field(description="in order; none for a captioner that needs no training")
    start_from: str | None = Field(None, description="a checkpoint folder, run folder or Hub id to begin with")
    data_folder: Path = Field(Path("data"), description="the folder that holds corpora/")
    limit: int | None = Field(None, ge=1, description="rows of each corpus and split, to try a run; null: all")

    seed: int = Field(0, ge=0, lt=2**32, description="of the weights, the order and the dropout")
    precision: Literal["fp32", "bf16"] = Field("fp32", description="of the forward; weights and optimizer stay fp32")
    deterministic: bool = Field(True, description="refuse operations whose result depends on timing")
    n_threads: int | None = Field(
        None, ge=1, description="CPU threads of torch; null: its own choice, kept when the run is resumed"
    )
    n_workers: int = Field(0, ge=0, description="processes that prepare batches; 0: in the training process")

    decoding: SearchConfig = Field(Greedy(), description="of the captions written after each epoch")
    samples: int = Field(8, ge=0, description="val pictures whose captions are kept after each epoch")
    val_captions: int = Field(
        200,
        ge=0,
        description="val pictures captioned for the scores after each epoch, at most; 0: no scores but the loss",
    )
    val_metrics: list[MetricSettings] = Field(
        [], description="of val captions after each epoch, beside those of ru-words: [{name: bertscore, model: FOLDER}]"
    )
    val_rows: int = Field(1000, ge=1, description="val rows for the loss after each epoch, at most")
    save_every_s: float = Field(60, ge=0, description="seconds between saves of the state; 0: after each step")
    log_every: int = Field(20, ge=1, description="optimizer steps between rows of log.csv")
    trackers: list[Tracker] = Field(["csv"], description="told of the curves: csv (always), tensorboard …")
    tensorboard: bool = Field(False, description="the same as trackers: [tensorboard]")

    @model_validator(mode="before")
    @classmethod
    def _shared_corpora(cls, values: Any) -> Any:
        """Stages written as one mapping are a common slip; say so instead of pydantic's long list."""
        if isinstance(values, Mapping) and isinstance(values.get("stages"), Mapping):
            raise ValueError("stages is a list: begin each stage with a dash")
        return values

    @model_validator(mode="after")
    def _something_to_learn(self) -> Self:
        if not self.stages and not self.captioner.describes_untaught:
            raise ValueError(f"stages is empty, and {self.captioner.name} describes nothing before it has learnt")
        return self

    @model_validator(mode="after")
    def _further_metrics(self) -> Self:
        known = {part["name"] for part in preset("ru-words").main}
        for metric in self.val_metrics:
            if metric.name in known:
                raise ValueError(f"val_metrics: {metric.name} is measured after each epoch anyway")
            if "pictures" in type(metric).model_fields:
                raise ValueError(f"val_metrics: {metric.name} looks at pictures; take it in `memecap evaluate`")
        return self

    @property
    def quantities(self) -> dict[str, Quantity]:
        """The scores of captions after each epoch, by name."""
        return of_epoch(self.val_metrics)

    @model_validator(mode="after")
    def _known_score(self) -> Self:
        for metric in {stage.early_stop.metric for stage in self.stages} - {"loss"}:
            found = self.quantities.get(metric)
            if found is None:
                raise ValueError(
                    f"early_stop.metric: {metric} is not measured after each epoch; there are: loss, "
                    f"{', '.join(self.quantities)}; and the scores of each metric in val_metrics"
                )
            if found.direction == "neither":
                raise ValueError(f"early_stop.metric: {metric} has a right amount, so no epoch is its best")
        return self

    @model_validator(mode="after")
    def _measured_and_told_apart(self) -> Self:
        names = [stage.name for stage in self.stages]
        scored = [stage.name for stage in self.stages if stage.early_stop.metric != "loss"]
        if scored and not self.val_captions:
            raise ValueError(
                f"val_captions: 0 measures no captions, and early_stop.metric of {', '.join(scored)} is a score of "
                "captions: raise val_captions, or set the metric to loss"
            )
        if len(set(names)) != len(names):
            raise ValueError(f"stages share a name: {', '.join(names)}")
        return self


#: keys that change how a run is done and not what comes out: they may change when a run is resumed
OPERATIONAL = {"data_folder", "n_workers", "save_every_s", "tensorboard", "trackers"}
