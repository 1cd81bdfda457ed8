//! What is counted, and as how many.

use object_store::memory::InMemory;

use super::*;
use crate::traffic::Traffic;

fn store(splits_ranges: bool) -> CountedStore {
    CountedStore { inner: Arc::new(InMemory::new()), meter: Arc::default(), splits_ranges }
}

#[tokio::test]
async fn each_request_counts_as_what_it_is() {
    let (store, key) = (store(true), Path::from("a/x"));
    store.put(&key, "12345678".into()).await.unwrap();
    store.get(&key).await.unwrap().bytes().await.unwrap();
    store.get_range(&key, 2..5).await.unwrap();
    store.head(&key).await.unwrap();
    assert!(store.get(&Path::from("nowhere")).await.is_err());
    store.list(None).try_collect::<Vec<_>>().await.unwrap();
    store.list_with_delimiter(None).await.unwrap();
    store.copy(&key, &Path::from("a/y")).await.unwrap();
    store.delete(&key).await.unwrap();
    let counted = Traffic {
        gets: 3,
        heads: 1,
        lists: 2,
        puts: 2,
        deletes: 1,
        bytes_read: 11,
        bytes_written: 8,
        ..Traffic::default()
    };
    assert_eq!(store.meter.snapshot(), counted);
}

#[tokio::test]
async fn ranges_that_are_near_each_other_are_one_request() {
    let (store, key) = (store(true), Path::from("x"));
    store.put(&key, vec![7; 5_000_000].into()).await.unwrap();
    let ranges = [0..10, 500..600, 4_000_000..4_000_100];
    let bodies = store.get_ranges(&key, &ranges).await.unwrap();
    assert_eq!(bodies.iter().map(Bytes::len).collect::<Vec<_>>(), [10, 100, 100]);
    let traffic = store.meter.snapshot();
    assert_eq!((traffic.gets, traffic.bytes_read), (2, 700));
}

#[tokio::test]
async fn ranges_of_a_file_that_is_opened_once_are_one() {
    let (store, key) = (store(false), Path::from("x"));
    store.put(&key, vec![7; 5_000_000].into()).await.unwrap();
    store.get_ranges(&key, &[0..10, 4_000_000..4_000_100]).await.unwrap();
    let traffic = store.meter.snapshot();
    assert_eq!((traffic.gets, traffic.bytes_read), (1, 110));
}

#[tokio::test]
async fn a_listing_counts_by_its_pages() {
    let store = store(true);
    for (names, pages) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (2_001, 3)] {
        for number in 0..names {
            store.inner.put(&Path::from(format!("{names}/{number}")), "1".into()).await.unwrap();
        }
        let prefix = Path::from(names.to_string());
        let before = store.meter.snapshot().lists;
        let listed: Vec<_> = store.list(Some(&prefix)).try_collect().await.unwrap();
        assert_eq!(listed.len(), names);
        assert_eq!(store.meter.snapshot().lists - before, pages, "{names}");
        store.list_with_delimiter(Some(&prefix)).await.unwrap();
        assert_eq!(store.meter.snapshot().lists - before, pages * 2, "{names}");
    }
}

#[tokio::test]
async fn an_upload_counts_by_its_parts() {
    let (store, key) = (store(true), Path::from("x"));
    let mut upload = store.put_multipart(&key).await.unwrap();
    upload.put_part("one ".into()).await.unwrap();
    upload.put_part("two".into()).await.unwrap();
    upload.complete().await.unwrap();
    let traffic = store.meter.snapshot();
    assert_eq!((traffic.puts, traffic.bytes_written), (4, 7));
}
