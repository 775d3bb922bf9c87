"""Stage 3: sharp photographs and a recipe -> blurred copies, and images.csv of all images.

Example: python tools/3_image_dataset_creation.py --recipe realistic --blurred-copies 2
"""

import dataclasses

import _options

from blurdct.config import ReadConfig, SynthConfig, from_dict, load_toml
from blurdct.datasets.manifest import read_csv, write_csv
from blurdct.datasets.recipes import RECIPES, recipe
from blurdct.datasets.synthesis import FOLDER, make_copies
from blurdct.errors import ConfigError
from blurdct.utils import atomic, stage
from blurdct.utils.progress import bar


def main() -> None:
    """Make the copies; settings come from the options, else from a TOML file's [synth]."""
    parser = _options.options(__doc__)
    parser.add_argument("--config", help="TOML file with a table [synth]")
    parser.add_argument("--recipe", choices=list(RECIPES))
    for kind in ("sharp", "blurred", "lights", "varied"):
        parser.add_argument(f"--{kind}-copies", type=int, help="per photo; the last two: dct-net")
    parser.add_argument("--pages", type=int, help="drawn from chance, copied like photographs")
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    settings = load_toml(args.config).get("synth", {}) if args.config else {}
    try:
        config = from_dict(SynthConfig, settings)
    except ConfigError as error:
        why = str(error).removeprefix("SynthConfig: ")
        raise ConfigError(f"{args.config}: [synth]: {why}") from error
    given = {name: value for name, value in vars(args).items() if value is not None}
    fields = {field.name for field in dataclasses.fields(SynthConfig)} & set(given)
    config = dataclasses.replace(config, **{name: given[name] for name in fields})
    recipe(config.recipe)  # a wrong name must be told before anything is done
    photos, images = args.out / "photos.csv", args.out / "images.csv"
    recorded = {"synth": dataclasses.asdict(config), "read": dataclasses.asdict(ReadConfig())}
    step = stage.Stage(args.out / "3_images.json", recorded, [photos])
    if not step.begin(args.out / FOLDER, args.force):
        return
    rows = read_csv(photos, ["path", "label", "group", "source"])
    folder = _options.photos_folder(args)
    table, bad = make_copies(rows, folder, args.out, config, workers=args.workers, progress=bar)
    if bad and not (table["kind"] != "").any():
        raise ConfigError(f"{folder}: not one sharp photo could be read; the first: {bad[0]}")
    with atomic.replacing(images) as temporary:
        write_csv(table, temporary)
    step.finish(images)
    print(*bad, sep="\n", end="\n" if bad else "")
    print(f"{images}: {len(table)} images, {(table['kind'] != '').sum()} of them copies")


if __name__ == "__main__":
    _options.run(main)
