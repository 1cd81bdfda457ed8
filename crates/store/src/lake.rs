//! Opening a lake.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::memory::InMemory;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore};
use twox_hash::XxHash64;
use url::Url;

use crate::cache::{Blocks, CacheSettings, CachedStore};
use crate::counted::CountedStore;
use crate::directory::{DirectoryStore, FOLDER_MODE};
use crate::moved::MovedStore;
use crate::staging;
use crate::traffic::{Meter, Traffic};
use crate::url::LakeUrl;
use crate::whole::WholeStore;

/// One lake, opened.
#[derive(Debug, Clone)]
pub struct Lake {
    name: String,
    directory: Option<PathBuf>,
    root: Arc<dyn ObjectStore>,
    root_url: Url,
    /// A hash of the service's address, which tells buckets of the same name apart. The address
    /// itself can hold a password.
    service: u64,
    meter: Arc<Meter>,
    cache: Option<CacheSettings>,
    blocks: Option<Arc<Blocks>>,
    store: Arc<dyn ObjectStore>,
}

/// Requests that may be on their way to S3 at once, with a connection kept for each.
const CONNECTIONS: usize = 128;

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
        Self::assembled("memory".into(), None, root, root_url, 0)
    }

    /// The same lake with its store seen through `wrap`: for faults, latency and counting.
    pub fn wrapped(self, wrap: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>) -> Self {
        let root = wrap(self.root);
        Self { root, ..self }.with_store()
    }

    /// The same lake with a cache of what never changes, for commands that only read: what they
    /// write or delete would not be missing from it. A lake that is a directory stays without.
    pub fn cached(self, settings: CacheSettings) -> Self {
        let cache = self.directory.is_none().then_some(settings);
        Self { cache, ..self }.with_store()
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

    /// What the store was asked for since the lake was opened, by this and all its clones.
    pub fn traffic(&self) -> Traffic {
        self.meter.snapshot()
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
        let (name, root) = (url.to_string(), Arc::new(files));
        Ok(Self::assembled(name, Some(directory), root, root_url, 0))
    }

    fn s3_lake(url: &LakeUrl, bucket: &str, prefix: &str) -> Result<Self, StoreError> {
        let slash = if prefix.is_empty() { "" } else { "/" };
        let root_url = Url::parse(&format!("s3://{bucket}/{prefix}{slash}"))
            .map_err(|_| StoreError::NoUrl(url.to_string()))?;
        // An endpoint that is given is trusted to be what its user means, http or not.
        let client =
            ClientOptions::new().with_allow_http(true).with_pool_max_idle_per_host(CONNECTIONS);
        let settings = AmazonS3Builder::from_env().with_client_options(client);
        let service = settings.get_config_value(&AmazonS3ConfigKey::Endpoint).unwrap_or_default();
        let service = XxHash64::oneshot(0, service.as_bytes());
        let s3 = settings
            .with_bucket_name(bucket)
            .build()
            .map_err(|source| StoreError::S3 { lake: url.to_string(), source })?;
        Ok(Self::assembled(url.to_string(), None, Arc::new(s3), root_url, service))
    }

    fn assembled(
        name: String,
        directory: Option<PathBuf>,
        root: Arc<dyn ObjectStore>,
        root_url: Url,
        service: u64,
    ) -> Self {
        let (meter, store) = (Arc::default(), root.clone());
        let (cache, blocks) = (None, None);
        Self { name, directory, root, root_url, service, meter, cache, blocks, store }.with_store()
    }

    /// The same lake with its view of the store made anew:
    /// cache – keys relative to the lake – whole answers – counting – the store.
    fn with_store(mut self) -> Self {
        let (inner, meter) = (self.root.clone(), self.meter.clone());
        // The S3 client asks for several ranges by several requests; the others read them at once.
        let splits_ranges = self.root_url.scheme() == "s3";
        let counted = Arc::new(CountedStore { inner, meter, splits_ranges });
        self.store = rooted(Arc::new(WholeStore(counted)), self.root_url.path());
        self.blocks = self.cache.as_ref().map(|settings| {
            let lake = format!("{} {:016x}", self.root_url, self.service);
            Arc::new(Blocks::new(self.store.clone(), self.meter.clone(), lake, settings))
        });
        if let Some(blocks) = &self.blocks {
            self.store = Arc::new(CachedStore(blocks.clone()));
        }
        self
    }

    /// The blocks of its cache, if it has one.
    pub(crate) fn blocks(&self) -> Option<&Arc<Blocks>> {
        self.blocks.as_ref()
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
mod tests;
