//! Names of lakes, and what is none.

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
