"""Questions put to `lakequery` and, as the SQL that it prints, to Trino."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from athena import sql
from lake import Lake
from localtrino import Trino

AT_ONCE = 3


@dataclass(frozen=True)
class Asking:
    """Who is asked."""

    trino: Trino
    lake: Lake
    teams: object  # the path of their file

    def all_of(self, asked):
        """The answers of `lakequery`; and where Trino's differ: (question, Trino's, those)."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers, differences = zip(*pool.map(self.one, asked), strict=True)
        return answers, [difference for difference in differences if difference]

    def one(self, words):
        words = (*words, "--teams", self.teams)
        text = self.lake.ask("report", *words, "--explain")["sql"]
        answer = self.lake.ask("report", *words)
        expected = sql.told(answer)
        found = sql.report(self.trino.dicts(text), expected)
        has_same_ages = sql.same_ages(found, expected)
        return answer, None if has_same_ages and found == expected else (words, found, expected)
