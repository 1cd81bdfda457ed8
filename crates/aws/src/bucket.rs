//! The bucket of a stack's lake, as far as a redrive uses it: what lies under `raw-errors/` is read and
//! removed, and raw objects are put.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutPayload};
use octolake_event::layout;

use crate::error::AwsError;
use crate::stack::Stack;

/// Where Firehose leaves what it could not put into `raw/`.
const ERRORS: &str = "raw-errors";

/// The bucket, and where in it the lake begins.
#[derive(Debug)]
pub struct Bucket {
    store: AmazonS3,
    name: String,
    prefix: String,
}

impl Bucket {
    /// The bucket of a stack's lake.
    ///
    /// # Errors
    /// There are no credentials, or the ingest function names no bucket.
    pub async fn of(stack: &Stack<'_>) -> Result<Self, AwsError> {
        let (name, prefix) = stack.lake()?;
        let credentials = stack.client.credentials().await?;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_region(stack.client.region())
            .with_access_key_id(credentials.access_key_id())
            .with_secret_access_key(credentials.secret_access_key())
            .with_client_options(ClientOptions::new().with_allow_http(true));
        if let Some(token) = credentials.session_token() {
            builder = builder.with_token(token);
        }
        if let Some(endpoint) = stack.client.endpoint() {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build().map_err(|error| {
            AwsError::unfit(
                format!("the bucket {name} cannot be used: {error}"),
                "look at --endpoint-url and at the credentials",
            )
        })?;
        Ok(Self { store, name: name.to_owned(), prefix })
    }

    /// The objects under `raw-errors/`, in the order of their keys.
    ///
    /// # Errors
    /// They may not be listed.
    pub(crate) async fn errors(&self) -> Result<Vec<ObjectMeta>, AwsError> {
        let folder = Path::from(format!("{}{ERRORS}", self.prefix));
        let found = self.store.list(Some(&folder)).try_collect::<Vec<_>>().await;
        let mut found = found.map_err(|error| self.failed("s3:ListBucket", ERRORS, error))?;
        found.sort_by(|a, b| a.location.cmp(&b.location));
        Ok(found)
    }

    /// What an object holds.
    ///
    /// # Errors
    /// It may not be read.
    pub(crate) async fn read(&self, key: &Path) -> Result<Bytes, AwsError> {
        let failed = |error| self.failed("s3:GetObject", key.as_ref(), error);
        self.store.get(key).await.map_err(failed)?.bytes().await.map_err(failed)
    }

    /// Puts a raw object of this arrival; gives its key.
    ///
    /// # Errors
    /// S3 has not taken it.
    pub(crate) async fn put_raw(
        &self,
        arrived: DateTime<Utc>,
        name: &str,
        body: Vec<u8>,
    ) -> Result<String, AwsError> {
        let key = format!("{}{}", self.prefix, layout::raw_key(arrived, name));
        let put = self.store.put(&Path::from(key.as_str()), PutPayload::from(body)).await;
        put.map_err(|error| self.failed("s3:PutObject", &key, error))?;
        Ok(key)
    }

    /// Removes an object. Where the bucket keeps versions, the last one stays for its time.
    ///
    /// # Errors
    /// It may not be removed.
    pub(crate) async fn remove(&self, key: &Path) -> Result<(), AwsError> {
        let removed = self.store.delete(key).await;
        removed.map_err(|error| self.failed("s3:DeleteObject", key.as_ref(), error))
    }

    fn failed(&self, action: &str, key: &str, error: object_store::Error) -> AwsError {
        let resource = format!("s3://{}/{key}", self.name);
        let (action, message) = (action.to_owned(), error.to_string());
        let is_denied = matches!(
            error,
            object_store::Error::PermissionDenied { .. }
                | object_store::Error::Unauthenticated { .. }
        ) || message.contains("AccessDenied");
        if is_denied {
            let message = "S3 says AccessDenied".to_owned();
            return AwsError::Denied { action, resource, message };
        }
        AwsError::Refused { action, resource, code: "S3".to_owned(), message }
    }
}
