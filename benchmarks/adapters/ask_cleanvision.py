"""cleanvision: the issue ``blurry`` of ``Imagelab``; its score is lower for blurrier images."""

from collections.abc import Iterator, Sequence

from _answer import Said, answer_together
from cleanvision import Imagelab

if __name__ == "__main__":

    def judge(paths: Sequence[str]) -> Iterator[tuple[str, Said]]:
        """A row of its table of issues for each photo."""
        lab = Imagelab(filepaths=list(paths), verbose=False)
        lab.find_issues({"blurry": {}}, n_jobs=1, verbose=False)
        for path, row in lab.issues.iterrows():
            yield str(path), (-row["blurry_score"], row["is_blurry_issue"])

    answer_together(judge)
