//! What a reader reads: the projection and what came after it, or the archive.

use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};
use octolake_store::Lake;

use super::{MARK_BYTES, Projection, commit_mark};
use crate::error::LakeError;
use crate::follow::Following;
use crate::live::LiveFile;
use crate::log::{self, FETCHES, Log};
use crate::table::View;

/// The rows of a lake as of one version of `events`, from two places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projected {
    /// The version of `events`.
    pub version: u64,
    /// Files of the projection: all rows that were there at its version, without payloads.
    pub files: Vec<LiveFile>,
    /// Files of `events` that came later.
    pub later: Vec<LiveFile>,
}

/// Where the rows of a lake are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nothing was ever compacted.
    Empty,
    /// What asks for no payload is read from the projection.
    Projected(Projected),
    /// All is read from `events`, and why.
    Archive(View, String),
}

impl Source {
    /// Finds the newest version.
    ///
    /// # Errors
    /// The store fails, or the archive has to be read and cannot be.
    pub async fn open(lake: &Lake) -> Result<Self, LakeError> {
        let reason = match Projected::open(lake).await? {
            Ok(projected) => return Ok(Self::Projected(projected)),
            Err(reason) => reason,
        };
        Ok(match View::open(lake).await? {
            Some(view) => Self::Archive(view, reason),
            None => Self::Empty,
        })
    }

    /// The version of `events`; `None` where there is none.
    pub fn version(&self) -> Option<u64> {
        match self {
            Self::Empty => None,
            Self::Projected(projected) => Some(projected.version),
            Self::Archive(view, _) => Some(view.version()),
        }
    }
}

impl Projected {
    /// The files of both places: each row is in one of them.
    pub fn all(&self) -> impl Iterator<Item = &LiveFile> {
        self.files.iter().chain(&self.later)
    }

    /// The newest version of `events` by way of the projection; `Err(reason)` where that cannot be
    /// had.
    ///
    /// # Errors
    /// The store fails.
    pub async fn open(lake: &Lake) -> Result<Result<Self, String>, LakeError> {
        let projection = match Projection::read(lake).await {
            Ok(projection) => projection,
            Err(unfit) => return Ok(Err(unfit.reason)),
        };
        let Some(from) = projection.events().filter(|_| projection.is_whole()) else {
            return Ok(Err("it is being made".to_owned()));
        };
        let followed = match follow(lake, from, None, projection.said.events_mark).await? {
            Ok(followed) => followed,
            Err(reason) => return Ok(Err(reason)),
        };
        let (version, following) = followed;
        if !following.is_only_added() {
            let reason = following.unclear.unwrap_or("rows were changed since");
            return Ok(Err(reason.to_owned()));
        }
        let later = following.added.into_values().collect();
        Ok(Ok(Self { version, files: projection.files, later }))
    }
}

/// What the commits of `events` behind version `from` and up to version `to` (the newest, where none
/// is said) have done, and the version of the last of them; `Err(reason)` where the log does not
/// tell, or `from` is not the commit of this mark.
pub(crate) async fn follow(
    lake: &Lake,
    from: u64,
    to: Option<u64>,
    mark: i64,
) -> Result<Result<(u64, Following), String>, LakeError> {
    let events = Log::of_events(lake);
    let mut listing = events.list(Some(from)).await?;
    listing.commits.retain(|version, _| to.is_none_or(|to| *version <= to));
    let Some(first) = listing.commits.get(&from) else {
        return Ok(Err("the log of the table does not go back to it".to_owned()));
    };
    let newest = listing.newest().unwrap_or(from);
    if listing.commits.len() as u64 != newest - from + 1 {
        return Ok(Err("the log of the table has gaps".to_owned()));
    }
    let later = listing.commits.range(from + 1..).map(|(_, commit)| commit.clone());
    let later: Vec<ObjectMeta> = later.collect();
    let gets: Vec<_> = later.iter().map(|commit| events.get(commit)).collect();
    let fetched = stream::iter(gets).buffered(FETCHES);
    let (found, commits) = futures::try_join!(
        mark_of(lake, &first.location, first.size),
        fetched.try_collect::<Vec<_>>()
    )?;
    if mark != found {
        return Ok(Err("it is of another table".to_owned()));
    }
    let mut following = Following::default();
    for (commit, file) in commits.iter().zip(&later) {
        following.note(commit).map_err(|reason| events.fault(file.location.as_ref(), reason))?;
    }
    Ok(Ok((newest, following)))
}

/// What a commit is known by.
pub(super) async fn mark_of(lake: &Lake, key: &Path, bytes: u64) -> Result<i64, LakeError> {
    let head = lake.store().get_range(key, 0..bytes.min(MARK_BYTES)).await;
    let head = head.map_err(|error| log::unread(lake, key.as_ref(), error))?;
    Ok(commit_mark(bytes, &head))
}
