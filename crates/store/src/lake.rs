//! Opening a lake.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use object_store::aws::AmazonS3Builder;
use object_store::memory::InMemory;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore};
use url::Url;

use crate::directory::{DirectoryStore, FOLDER_MODE};
use crate::moved::MovedStore;
use crate::staging;
use crate::url::LakeUrl;
use crate::whole::WholeStore;

/// One lake, opened.
#[derive(Debug, Clone)]
pub struct Lake {
    name: String,
    directory: Option<PathBuf>,
    root: Arc<dyn ObjectStore>,
    root_url: Url,
    store: Arc<dyn ObjectStore>,
}

/// Why a lake cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such directory, and this command does not make one.
    #[error("there is no lake at {}: run `lakequery serve` or `lakequery demo` to make one, or name another with --lake", .0.display())]
    NoSuchDirectory(PathBuf),
    /// The path leads to a file.
    #[error("{} is a file: a lake is a directory", .0.display())]
    NotADirectory(PathBuf),
    /// The file system refuses.
    #[error("cannot use {} as a lake: {source}", path.display())]
    Directory {
        /// The lake's directory.
        path: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
    /// The settings of S3 are not usable.
    #[error("cannot use {lake} as a lake: {source}")]
    S3 {
        /// The lake's URL.
        lake: String,
        /// What is wrong with the settings.
        source: object_store::Error,
    },
    /// The place cannot be written as a URL.
    #[error("{0} cannot be written as a URL")]
    NoUrl(String),
}

impl Lake {
    /// Opens a lake that must be there (an S3 prefix always is: it may be empty).
    pub fn open(url: &LakeUrl) -> Result<Self, StoreError> {
        match url {
            LakeUrl::Directory(path) => {
                if path.is_file() {
                    return Err(StoreError::NotADirectory(path.clone()));
                }
                if !path.is_dir() {
                    return Err(StoreError::NoSuchDirectory(path.clone()));
                }
                Self::directory_lake(url, path)
            }
            LakeUrl::S3 { bucket, prefix } => Self::s3_lake(url, bucket, prefix),
        }
    }

    /// Opens a lake, and makes its directory where there is none.
    pub fn open_or_create(url: &LakeUrl) -> Result<Self, StoreError> {
        if let LakeUrl::Directory(path) = url
            && !path.is_file()
        {
            DirBuilder::new()
                .recursive(true)
                .mode(FOLDER_MODE)
                .create(path)
                .map_err(|source| StoreError::Directory { path: path.clone(), source })?;
        }
        Self::open(url)
    }

    /// An empty lake in memory.
    pub fn in_memory() -> Self {
        let root: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        // A constant that parses.
        let root_url = Url::parse("memory:///").unwrap_or_else(|_| unreachable!());
        Self { name: "memory".into(), directory: None, store: root.clone(), root, root_url }
    }

    /// The same lake with its store seen through `wrap`: for faults, latency and counting.
    pub fn wrapped(self, wrap: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>) -> Self {
        let root: Arc<dyn ObjectStore> = Arc::new(WholeStore(wrap(self.root)));
        let store = rooted(root.clone(), self.root_url.path());
        Self { root, store, ..self }
    }

    /// The same lake with one of its folders kept in another: what is done to that folder leaves
    /// the lake's own alone.
    pub fn with_moved(self, folder: &str, place: &str) -> Self {
        let at_root = |folder: &str| {
            let root = object_store::path::Path::from_url_path(self.root_url.path());
            let folder = object_store::path::Path::from(folder);
            root.unwrap_or_default().parts().chain(folder.parts()).collect()
        };
        let (from, to) = (at_root(folder), at_root(place));
        self.wrapped(|inner| Arc::new(MovedStore { inner, from, to }))
    }

    /// How to name the lake to a person.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lake's directory, if it is one: absolute.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// Whether others than its owner may look into the lake, where it is a directory. What is made
    /// in it is for its owner alone; what was there before may not be.
    pub fn is_open_to_others(&self) -> bool {
        let mode = |directory: &Path| Some(directory.metadata().ok()?.permissions().mode());
        self.directory().and_then(mode).is_some_and(|mode| mode & 0o077 != 0)
    }

    /// Removes what killed processes have left half-written in a lake that is a directory, if it was
    /// left before that time; gives how many files there were. It is in `staging/`; an older version
    /// has left it in these folders, where no listing shows it.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn sweep(&self, folders: &[&str], before: SystemTime) -> std::io::Result<u64> {
        let Some(directory) = &self.directory else { return Ok(0) };
        let cleared = staging::clear(&directory.join(staging::FOLDER), before)?;
        let swept = folders.iter().map(|folder| staging::sweep(&directory.join(folder), before));
        Ok(cleared + swept.sum::<std::io::Result<u64>>()?)
    }

    /// The store with keys relative to the lake.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The URL of one of the lake's folders, with a slash at its end, for who takes a store and a
    /// URL and looks for the URL's path in the store: for the path is relative to [`Lake::store`].
    /// Whatever is in the names of the directories above the lake is not in it, so that nobody
    /// decodes it once too often: the Delta library took `%41` for `A`. A URL `file:` would be
    /// looked for on the disk itself.
    ///
    /// # Errors
    /// Never: the scheme and the bucket are those of a URL.
    pub fn url_of(&self, folder: &str) -> Result<Url, url::ParseError> {
        let mut url = match self.directory {
            Some(_) => Url::parse("memory:///")?,
            None => self.root_url.clone(),
        };
        url.set_path(&format!("/{folder}/"));
        Ok(url)
    }

    /// The URL of the lake, with a slash at its end.
    pub fn url(&self) -> &Url {
        &self.root_url
    }

    fn directory_lake(url: &LakeUrl, path: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Directory { path: path.to_owned(), source };
        let directory = path.canonicalize().map_err(failed)?;
        let root_url = Url::from_directory_path(&directory)
            .map_err(|()| StoreError::NoUrl(url.to_string()))?;
        let files = DirectoryStore::with_staging(directory.join(staging::FOLDER));
        let root: Arc<dyn ObjectStore> = Arc::new(WholeStore(Arc::new(files)));
        let store = rooted(root.clone(), root_url.path());
        Ok(Self { name: url.to_string(), directory: Some(directory), root, root_url, store })
    }

    fn s3_lake(url: &LakeUrl, bucket: &str, prefix: &str) -> Result<Self, StoreError> {
        let slash = if prefix.is_empty() { "" } else { "/" };
        let root_url = Url::parse(&format!("s3://{bucket}/{prefix}{slash}"))
            .map_err(|_| StoreError::NoUrl(url.to_string()))?;
        // An endpoint that is given is trusted to be what its user means, http or not.
        let client = ClientOptions::new().with_allow_http(true);
        let s3 = AmazonS3Builder::from_env()
            .with_client_options(client)
            .with_bucket_name(bucket)
            .build()
            .map_err(|source| StoreError::S3 { lake: url.to_string(), source })?;
        let root: Arc<dyn ObjectStore> = Arc::new(WholeStore(Arc::new(s3)));
        let store = rooted(root.clone(), root_url.path());
        Ok(Self { name: url.to_string(), directory: None, root, root_url, store })
    }
}

/// The store seen from a URL's path.
fn rooted(root: Arc<dyn ObjectStore>, path: &str) -> Arc<dyn ObjectStore> {
    match object_store::path::Path::from_url_path(path) {
        Ok(prefix) if !prefix.as_ref().is_empty() => Arc::new(PrefixStore::new(root, prefix)),
        _ => root,
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use object_store::ObjectStoreExt;

    use super::*;

    #[tokio::test]
    async fn an_object_is_a_file_of_the_directory_whatever_its_name() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a lake", "%41", "a#b", "a?b", "ä", "100%"] {
            let url = LakeUrl::Directory(dir.path().join(name));
            assert!(matches!(Lake::open(&url), Err(StoreError::NoSuchDirectory(_))));
            let lake = Lake::open_or_create(&url).unwrap();
            let key = object_store::path::Path::from("raw/2026/x");
            lake.store().put(&key, "hello".into()).await.unwrap();
            let file = dir.path().join(name).join("raw/2026/x");
            assert_eq!(std::fs::read_to_string(file).unwrap(), "hello", "{name}");
            assert_eq!(lake.store().get(&key).await.unwrap().bytes().await.unwrap(), "hello");
            let listed: Vec<_> = lake.store().list(None).try_collect().await.unwrap();
            assert_eq!(listed.len(), 1, "{name}");
            assert_eq!(listed[0].location, key, "{name}");
        }
    }

    #[test]
    fn a_file_is_no_lake() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let url = LakeUrl::Directory(file.path().into());
        assert!(matches!(Lake::open_or_create(&url), Err(StoreError::NotADirectory(_))));
    }
}
