"""Pictures in a table of pandas → the same table with their captions.

In: a DataFrame with a column of paths, addresses or pictures, a Series, or any list. Out: a DataFrame with the same
index and columns, and `caption`, `quotes`, `reading`, `seconds`, `model`, `error` beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memecap.errors import UsageError

if TYPE_CHECKING:
    import pandas

    from memecap.inference.pipeline import Pipeline


def described(pipeline: Pipeline, pictures: Any, *, column: str = "file", batch_size: int = 32) -> pandas.DataFrame:
    """The table. A picture without a caption has None there and says why under `error`.

    Raises `UsageError` where the table has no such column.
    """
    import pandas

    if isinstance(pictures, pandas.DataFrame):
        if column not in pictures.columns:
            fix = f"Name one with column=: there are {', '.join(map(str, pictures.columns))}."
            raise UsageError(f"no column {column!r}", where="table", fix=fix)
        given = pictures
    elif isinstance(pictures, pandas.Series):
        given = pictures.to_frame(column)
    else:
        given = pandas.DataFrame({column: pandas.Series(list(pictures), dtype=object)})
    records = []
    for result in pipeline.stream(given[column].to_list(), batch_size=batch_size):
        record, caption = result.to_json(), result.caption
        reading = caption.reading.text if caption and caption.reading else None
        records.append(
            {
                "caption": record["caption"],
                "quotes": [quote["text"] for quote in record["quotes"]],
                "reading": reading,
                "seconds": record["seconds"],
                "model": record["model"],
                "error": record["error"],
            }
        )
    columns = ["caption", "quotes", "reading", "seconds", "model", "error"]
    return given.assign(**pandas.DataFrame(records, columns=columns, index=given.index).to_dict("series"))  # type: ignore[arg-type]
