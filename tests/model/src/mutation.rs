//! Ways to get the protocol wrong. Each must break a property: a model that finds nothing in these
//! would prove nothing by finding nothing in the right one.

/// A fault in the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mutation {
    /// After a conflict the batch is committed again, whatever came in between.
    NoLookAfterConflict,
    /// After a conflict only the progress is looked at, not the ids.
    NoIdsAfterConflict,
    /// After a lost answer the batch is committed again.
    NoLookAfterLostAnswer,
    /// The objects are done in one commit, and their rows come in the next.
    ProgressBeforeRows,
    /// Progress is the highest object that is done, and all before it count as done.
    HighWaterMark,
    /// A version is written whether it is there or not.
    Overwrite,
    /// A merge is committed again after a conflict.
    MergeAgain,
    /// The vacuum deletes, and commits its fence then.
    DeleteBeforeFence,
    /// The vacuum commits its fence, and notes then which files are old enough: those of a batch
    /// that was begun behind the fence can be among them.
    OldAfterFence,
    /// After a conflict nobody asks for a fence.
    NoFenceCheck,
    /// A foreign writer takes longer than the vacuum's grace.
    SlowForeigner,
}
