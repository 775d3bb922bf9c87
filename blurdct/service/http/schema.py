"""What goes over HTTP, as the OpenAPI document tells it, with examples."""

from typing import Any, Literal

from fastapi import Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

VERDICT: dict[str, Any] = {
    "name": "receipt.jpg",
    "probability": 0.971,
    "score": 97.1,
    "label": "blurred",
    "sure": True,
    "threshold": 0.5,
    "model": "dct-fusion",
    "reason": "",
    "sharp_fraction": 0.12,
    "note": "",
    "evidence": 0.83,
    "blur": 31.5,
    "kind": "motion",
    "kind_probability": 0.88,
    "width": 4032,
    "height": 3024,
    "error": "",
}
UNREAD: dict[str, Any] = {
    **dict.fromkeys(VERDICT),
    "name": "notes.txt",
    "model": "dct-fusion",
    "label": "",
    "reason": "",
    "note": "",
    "error": "not an image, or of an unknown format",
}


class Result(BaseModel):
    """The verdict on one photo; numbers are null where it could not be read, or is unknown."""

    name: str
    probability: float | None = Field(description="P(blurred), 0 sharp .. 1 blurred, calibrated")
    score: float | None = Field(description="100 times that")
    label: Literal["sharp", "blurred", "unknown", ""]
    sure: bool | None = Field(
        description="Whether the label is beyond doubt; null if the photo could not be read"
    )
    threshold: float | None = Field(description="P from which on the label is blurred")
    model: str
    reason: str | None = Field(description="Why the label is unknown; else empty")
    sharp_fraction: float | None = Field(
        description="Part of the photo that is sharp, 0..1; null if the model makes no map"
    )
    note: str | None = Field(description="What was done to judge it, such as: first of 3 pages")
    evidence: float | None = Field(
        description="Part of the photo that shows something which could be sharp or blurred, 0..1"
    )
    blur: float | None = Field(
        description="How wide a point's image is where the photo is sharpest, in its own pixels; "
        "null if the model does not know"
    )
    kind: Literal["defocus", "motion"] | None = Field(
        description="What a blurred photo is rather blurred by: out of focus, or moved; null if "
        "the model does not know, or the label is another"
    )
    kind_probability: float | None = Field(
        description="That it is this kind and not the other, 0.5..1; null if there is none"
    )
    width: int | None = Field(description="Pixels, upright")
    height: int | None
    error: str = Field(description="Why the photo could not be read; else empty")


class Results(BaseModel):
    """Verdicts in the order of the files."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model": "dct-fusion", "results": [VERDICT, UNREAD]}]}
    )
    model: str
    results: list[Result]
    detail: str = Field("", description="Why no file at all could be read")


class Model(BaseModel):
    """A model that may be asked for."""

    name: str
    size: int = Field(description="Longest side at which it sees a photo, pixels")
    sees: str = Field(description="That in words; 256x256 is a square, whatever the photo's shape")
    threshold: float = Field(description="P from which on photographs are blurred, 0..1")
    sure_sharp: float = Field(description="P below which that is beyond doubt")
    sure_blurred: float = Field(description="P from which on that is beyond doubt")
    has_map: bool = Field(description="Whether it says where a photo is blurred")
    accuracy: float | None = Field(
        description="Share of right labels on photographs of scenes that it had not seen, 0..1; "
        "null where nobody measured it"
    )
    roc_auc: float | None = Field(description="How well P tells the two apart there, 0.5..1")
    ms_per_photo: float | None = Field(description="Milliseconds, where that was measured")


class Models(BaseModel):
    """The models of this service."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "default": "dct-fusion",
                    "map": "dct-fusion",
                    "models": [
                        {
                            "name": "dct-fusion",
                            "size": 640,
                            "sees": "640 pixels",
                            "threshold": 0.5,
                            "sure_sharp": 0.07,
                            "sure_blurred": 0.887,
                            "has_map": True,
                            "accuracy": 0.94,
                            "roc_auc": 0.984,
                            "ms_per_photo": 9.1,
                        }
                    ],
                }
            ]
        }
    )
    default: str
    map: str = Field(description="The one that draws maps where none is asked for")
    models: list[Model]


class Problem(BaseModel):
    """Why there is no answer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"detail": "unknown model 'x'; known: dct-xgb"}]}
    )
    detail: str


class Status(BaseModel):
    """What it says when it can say something."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})
    status: str


WHY = {
    400: "Wrong use: no such model, no such threshold, no file, a broken form",
    401: "The token is missing or wrong",
    408: "The body comes too slowly",
    413: "The body is too long",
    422: "The photo cannot be read, or has too many pixels",
    503: "Too many requests wait; ask again after the seconds of Retry-After",
    504: "Not done in time",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Answers other than the wanted one, for OpenAPI."""
    return {status: {"model": Problem, "description": WHY[status]} for status in statuses}


def guarded(token: str | None) -> list[Any]:
    """Says in OpenAPI that a token is needed, if it is; ``middleware.Guard`` looks at it."""
    return [Security(HTTPBearer(auto_error=False))] if token else []


PNG: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        "description": "A picture; the verdict is in its headers",
        "headers": {
            f"X-Blurdct-{name}": {"schema": {"type": kind}}
            for name, kind in {
                "Score": "number",
                "Label": "string",
                "Sure": "boolean",
                "Probability": "number",
                "Sharp-Fraction": "number",
                "Evidence": "number",
                "Blur": "number",
                "Kind": "string",
                "Kind-Probability": "number",
                "Threshold": "number",
                "Model": "string",
            }.items()
        },
    }
}

_FILE = {"type": "string", "format": "binary"}


def body(files: dict[str, Any]) -> dict[str, Any]:
    """A form with the part ``files``, or the bytes of a photo themselves."""
    form = {"type": "object", "required": ["files"], "properties": {"files": files}}
    return {
        "requestBody": {
            "required": True,
            "description": "A form, or with any other content type the bytes of one photo",
            "content": {
                "multipart/form-data": {"schema": form},
                "application/octet-stream": {"schema": _FILE},
            },
        }
    }


MANY_FILES = body({"type": "array", "items": _FILE, "minItems": 1})
ONE_FILE = body(_FILE)
