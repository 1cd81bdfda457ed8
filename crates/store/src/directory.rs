//! A directory as an object store whose puts last.
//!
//! The library's own store renames a file into place without syncing it: after a power cut a name
//! can be there with nothing behind it, and in the table's log that costs the table. Here a put
//! writes into a folder for that, syncs, links or renames, and syncs the target's folder; only then it
//! returns.
//! Everything else is the library's.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryFutureExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result, UploadPart,
};

use crate::staging;

const STORE: &str = "DirectoryStore";
/// Deliveries are private, whatever the user's mask: for the owner alone.
const FILE_MODE: u32 = 0o600;
pub(crate) const FOLDER_MODE: u32 = 0o700;

/// The file system, with durable puts. Keys are absolute paths without their first slash.
#[derive(Debug, Clone)]
pub struct DirectoryStore {
    inner: Arc<LocalFileSystem>,
    /// Where files are written before they get their names; beside those where there is none.
    staging: Option<PathBuf>,
}

impl Default for DirectoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl DirectoryStore {
    /// The whole file system.
    pub fn new() -> Self {
        Self { inner: Arc::new(LocalFileSystem::new()), staging: None }
    }

    /// The whole file system; what is put is written in this folder first, and left there where a
    /// process is killed.
    pub fn with_staging(folder: PathBuf) -> Self {
        Self { staging: Some(folder), ..Self::new() }
    }
}

impl fmt::Display for DirectoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STORE)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for DirectoryStore {
    async fn put_opts(
        &self,
        key: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        if matches!(opts.mode, PutMode::Update(_)) {
            return self.inner.put_opts(key, payload, opts).await;
        }
        let target = self.inner.path_to_filesystem(key)?;
        let mut staging = match &self.staging {
            Some(folder) => staging::path_in(folder),
            None => staging::path_beside(&target),
        };
        let create = matches!(opts.mode, PutMode::Create);
        let name = target.display().to_string();
        let done = tokio::task::spawn_blocking(move || {
            let mut attempts = ATTEMPTS;
            loop {
                let put = put_durably(&staging, &target, &payload, create);
                if put.is_err() || create {
                    // After a link the second name goes; after a failure so does what was half-written.
                    let _ = fs::remove_file(&staging);
                }
                attempts -= 1;
                match put.as_ref().map_err(io::Error::kind) {
                    Err(io::ErrorKind::NotFound) if attempts > 0 => {}
                    // A folder of the lake can be on a disk of its own.
                    Err(io::ErrorKind::CrossesDevices) if attempts > 0 => {
                        staging = staging::path_beside(&target);
                    }
                    _ => return put,
                }
            }
        })
        .await?;
        done.map_err(|source| put_error(name, source))?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(
        &self,
        key: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Upload { store: self.clone(), key: key.clone(), parts: vec![] }))
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(key, options).await
    }

    async fn get_ranges(&self, key: &Path, ranges: &[std::ops::Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(key, ranges).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        // In order of their names, as S3 gives them: the Delta library reads its log so.
        let listed = self.inner.list_with_offset(prefix, offset).try_collect::<Vec<_>>();
        let sorted = listed.map_ok(|mut objects| {
            objects.sort_unstable_by(|a, b| a.location.cmp(&b.location));
            stream::iter(objects.into_iter().map(Ok))
        });
        sorted.try_flatten_stream().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}

/// An upload in parts: they are held in memory until all are there, and are one durable put then.
/// Only the checkpoints of large tables come this way, tens of megabytes.
#[derive(Debug)]
struct Upload {
    store: DirectoryStore,
    key: Path,
    parts: Vec<Bytes>,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, part: PutPayload) -> UploadPart {
        self.parts.extend(part);
        Box::pin(std::future::ready(Ok(())))
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let parts = std::mem::take(&mut self.parts);
        self.store.put_opts(&self.key, parts.into_iter().collect(), PutOptions::default()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.parts.clear();
        Ok(())
    }
}

/// How often a put is tried: what a process that hung has half-written, a vacuum takes for left behind.
const ATTEMPTS: u32 = 3;

fn put_durably(
    staging: &FilePath,
    target: &FilePath,
    payload: &PutPayload,
    create: bool,
) -> io::Result<()> {
    let folder = target.parent().unwrap_or(target);
    create_folder(folder)?;
    create_folder(staging.parent().unwrap_or(folder))?;
    let mut file = File::options().write(true).create_new(true).mode(FILE_MODE).open(staging)?;
    for part in payload {
        file.write_all(part)?;
    }
    file.sync_all()?;
    drop(file);
    if create {
        // Fails where the name is taken: this is the compare-and-swap of the table's log.
        fs::hard_link(staging, target)?;
    } else {
        fs::rename(staging, target)?;
    }
    sync_folder(folder)
}

/// Makes a folder and those above it, each synced into the one that holds it, for their owner
/// alone.
pub(crate) fn create_folder(folder: &FilePath) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folder(parent)?;
    }
    match fs::DirBuilder::new().mode(FOLDER_MODE).create(folder) {
        Ok(()) => folder.parent().map_or(Ok(()), sync_folder),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

pub(crate) fn sync_folder(folder: &FilePath) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn put_error(path: String, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::AlreadyExists => Error::AlreadyExists { path, source: Box::new(source) },
        io::ErrorKind::PermissionDenied => {
            Error::PermissionDenied { path, source: Box::new(source) }
        }
        _ => {
            let source =
                Box::new(io::Error::new(source.kind(), format!("cannot write {path}: {source}")));
            Error::Generic { store: STORE, source }
        }
    }
}

#[cfg(test)]
mod tests;
