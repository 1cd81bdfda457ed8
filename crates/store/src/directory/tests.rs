//! Puts that last.

use object_store::ObjectStoreExt;

use super::*;

fn key(dir: &tempfile::TempDir, name: &str) -> Path {
    Path::from_absolute_path(dir.path().join(name)).unwrap()
}

#[tokio::test]
async fn a_create_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    let (store, key) = (DirectoryStore::new(), key(&dir, "a/b/0.json"));
    let create = || PutOptions::from(PutMode::Create);
    store.put_opts(&key, "one".into(), create()).await.unwrap();
    let second = store.put_opts(&key, "two".into(), create()).await;
    assert!(matches!(second, Err(Error::AlreadyExists { .. })), "{second:?}");
    assert_eq!(store.get(&key).await.unwrap().bytes().await.unwrap(), "one");
    store.put(&key, "three".into()).await.unwrap();
    assert_eq!(store.get(&key).await.unwrap().bytes().await.unwrap(), "three");
}

#[tokio::test]
async fn only_the_owner_may_read_what_is_put() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    DirectoryStore::new().put(&key(&dir, "a/b/x"), "1".into()).await.unwrap();
    let mode =
        |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("a"), mode("a/b"), mode("a/b/x")), (0o700, 0o700, 0o600));
}

#[tokio::test]
async fn nothing_is_left_beside_an_object() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirectoryStore::new();
    store.put(&key(&dir, "x"), "1".into()).await.unwrap();
    let _ = store.put_opts(&key(&dir, "x"), "2".into(), PutMode::Create.into()).await;
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let listed: Vec<_> = store.list(Some(&key(&dir, ""))).try_collect().await.unwrap();
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn what_comes_behind_an_offset_comes_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirectoryStore::new();
    for number in [7, 3, 9, 1, 8, 2, 6, 4, 5, 0] {
        store.put(&key(&dir, &format!("log/{number}.json")), "1".into()).await.unwrap();
    }
    let log = (key(&dir, "log"), key(&dir, "log/2.json"));
    let listed: Vec<_> = store.list_with_offset(Some(&log.0), &log.1).try_collect().await.unwrap();
    let names: Vec<_> = listed.iter().filter_map(|it| it.location.filename()).collect();
    assert_eq!(names, [3, 4, 5, 6, 7, 8, 9].map(|number| format!("{number}.json")));
}

#[tokio::test]
async fn an_upload_in_parts_is_one_put() {
    let dir = tempfile::tempdir().unwrap();
    let (store, key) = (DirectoryStore::new(), key(&dir, "x"));
    let mut upload = store.put_multipart(&key).await.unwrap();
    upload.put_part("one ".into()).await.unwrap();
    upload.put_part("two".into()).await.unwrap();
    assert!(store.get(&key).await.is_err(), "nothing is there before the end");
    upload.complete().await.unwrap();
    assert_eq!(store.get(&key).await.unwrap().bytes().await.unwrap(), "one two");
}

#[tokio::test]
async fn what_is_on_its_way_is_in_a_folder_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let staging = dir.path().join("staging");
    let store = DirectoryStore::with_staging(staging.clone());
    store.put(&key(&dir, "a/x"), "1".into()).await.unwrap();
    store.put_opts(&key(&dir, "a/y"), "2".into(), PutMode::Create.into()).await.unwrap();
    let taken = store.put_opts(&key(&dir, "a/y"), "3".into(), PutMode::Create.into()).await;
    assert!(matches!(taken, Err(Error::AlreadyExists { .. })), "{taken:?}");
    assert_eq!(fs::read_to_string(dir.path().join("a/x")).unwrap(), "1");
    assert_eq!(fs::read_to_string(dir.path().join("a/y")).unwrap(), "2");
    assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 2);
    assert_eq!(fs::read_dir(&staging).unwrap().count(), 0);
    // What a killed process left there is seen by whoever lists it.
    fs::write(staging::path_in(&staging), "half").unwrap();
    let listed: Vec<_> = store.list(Some(&key(&dir, "staging"))).try_collect().await.unwrap();
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn a_folder_on_another_disk_is_written_all_the_same() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), FilePath::new("/dev/shm"));
    if !elsewhere.is_dir() {
        return;
    }
    let staging = elsewhere.join(format!("octolake-{}", uuid::Uuid::new_v4()));
    let store = DirectoryStore::with_staging(staging.clone());
    store.put(&key(&dir, "x"), "1".into()).await.unwrap();
    store.put_opts(&key(&dir, "y"), "2".into(), PutMode::Create.into()).await.unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    fs::remove_dir(&staging).unwrap();
}

#[tokio::test]
async fn a_refusal_names_the_place() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let error = DirectoryStore::new().put(&key(&dir, "file/x"), "1".into()).await.unwrap_err();
    let place = dir.path().join("file/x").display().to_string();
    assert!(error.to_string().contains(&place), "{error}");
}
