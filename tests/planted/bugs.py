"""The bugs: for each what it is, where it goes, and which fault must bring it to light.

Each is a mistake that somebody has made in a lake like this one. `find` stands in its file exactly
once; where a change of the code moves it, the check says so, and the bug is planted anew.
"""

from dataclasses import dataclass


@dataclass
class Bug:
    name: str
    file: str
    find: str
    replace: str
    fault: str  # only these trials are made: `None` is the run without a fault, which finds it alone


BUGS = [
    Bug(
        name="rows are committed before they are looked for again",
        file="crates/compactor/src/append.rs",
        find="is_overtaken(run, batch.fence, &batch.done, &batch.new).await? {",
        replace="false {",
        fault="StallBefore",
    ),
    Bug(
        name="progress is committed before the rows",
        file="crates/compactor/src/append.rs",
        find="    commit.counts = batch.counts;\n",
        replace="""        commit.counts = batch.counts;
        let mut early = run.commit_of(CommitKind::Append);
        early.done = std::mem::take(&mut commit.done);
        if let Some(table) = &mut run.table {
            table.commit(&early).await?;
        }
""",
        fault="None",
    ),
    Bug(
        name="a high-water mark stands in for the set of what is done",
        file="crates/compactor/src/scan.rs",
        find="progress.is_done_by_itself(&object.key);",
        replace="progress.is_done_by_itself(&object.key) || progress.sealed().any(|sealed| sealed.day > day);",
        fault="None",
    ),
    Bug(
        name="a commit overwrites what another has committed",
        file="crates/store/src/whole.rs",
        find="        opts: PutOptions,\n    ) -> Result<PutResult> {\n",
        replace="""        mut opts: PutOptions,
    ) -> Result<PutResult> {
        opts.mode = object_store::PutMode::Overwrite;
""",
        fault="StallBefore",
    ),
    Bug(
        name="merged files are deleted before the merge is published",
        file="crates/compactor/src/merge.rs",
        find="        if let Outcome::Committed(version) = run.publish(&commit).await? {\n",
        replace="""        for file in &commit.removes {
            let key = object_store::path::Path::from(file.key());
            let _ = object_store::ObjectStoreExt::delete(&run.store, &key).await;
        }
        if let Outcome::Committed(version) = run.publish(&commit).await? {
""",
        fault="None",
    ),
    Bug(
        name="what arrived first wins, not what has the first key",
        file="crates/compactor/src/scan.rs",
        find="backlog.pending.sort_by(|a, b| a.key.cmp(&b.key));",
        replace="backlog.pending.sort_by_key(|object| object.modified);",
        fault="None",
    ),
    Bug(
        name="files that a vacuum may have deleted are committed",
        file="crates/compactor/src/append.rs",
        find="run.fence() != fence || ",
        replace="false && run.fence() != fence || ",
        fault="StallAfter",
    ),
    Bug(
        name="an answer that ends early passes for a shorter object",
        file="crates/store/src/whole.rs",
        find="    if read == expected { Ok(()) }",
        replace="    if read <= expected { Ok(()) }",
        fault="Truncated",
    ),
]
