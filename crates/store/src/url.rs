//! What a user types to name a lake, parsed into what it means.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The place of a lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LakeUrl {
    /// A directory on this machine.
    Directory(PathBuf),
    /// A prefix of an S3 bucket; the prefix is without slashes at its ends and may be empty.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// The keys' common beginning.
        prefix: String,
    },
}

/// A text that names no lake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LakeUrlError {
    /// Nothing was given.
    #[error("the lake's name is empty: give a directory or s3://bucket/prefix")]
    Empty,
    /// `s3://` without a bucket.
    #[error("`{0}` names no bucket: write s3://bucket/prefix")]
    NoBucket(String),
    /// Some other scheme.
    #[error("`{0}`: a lake is a directory or s3://bucket/prefix")]
    UnknownScheme(String),
}

impl FromStr for LakeUrl {
    type Err = LakeUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(LakeUrlError::Empty);
        }
        match text.split_once("://") {
            None => Ok(Self::Directory(text.into())),
            Some(("file", path)) => Ok(Self::Directory(path.into())),
            Some(("s3" | "s3a", rest)) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() {
                    return Err(LakeUrlError::NoBucket(text.to_owned()));
                }
                let prefix = prefix.trim_matches('/').to_owned();
                Ok(Self::S3 { bucket: bucket.to_owned(), prefix })
            }
            Some(_) => Err(LakeUrlError::UnknownScheme(text.to_owned())),
        }
    }
}

impl fmt::Display for LakeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lake_is_a_directory_or_a_bucket() {
        let s3 = |bucket: &str, prefix: &str| LakeUrl::S3 {
            bucket: bucket.into(),
            prefix: prefix.into(),
        };
        for (text, url) in [
            ("./lake", LakeUrl::Directory("./lake".into())),
            ("file:///var/lake", LakeUrl::Directory("/var/lake".into())),
            ("s3://b", s3("b", "")),
            ("s3://b/", s3("b", "")),
            ("s3://b/a/c/", s3("b", "a/c")),
        ] {
            assert_eq!(text.parse(), Ok(url));
        }
    }

    #[test]
    fn other_names_are_refused() {
        assert_eq!("".parse::<LakeUrl>(), Err(LakeUrlError::Empty));
        assert_eq!("s3:///x".parse::<LakeUrl>(), Err(LakeUrlError::NoBucket("s3:///x".into())));
        assert_eq!(
            "http://x".parse::<LakeUrl>().unwrap_err().to_string(),
            "`http://x`: a lake is a directory or s3://bucket/prefix"
        );
    }
}
