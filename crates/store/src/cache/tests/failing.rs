//! A store that fails in the middle: an error, never a part; and what was not read is not kept.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::poll_fn;
use object_store::Error;

use super::*;

fn failing(scene: &Scene, faults: &[(usize, Fault)]) -> Lake {
    let script = Script::new(faults.iter().copied());
    let store = FaultyStore::new(scene.memory.clone(), script);
    scene.lake_over(Arc::new(store), in_memory())
}

#[tokio::test]
async fn a_request_that_fails_is_an_error_for_all_who_wait_and_none_later() {
    for fault in [Fault::Unavailable, Fault::Refused, Fault::Truncated, Fault::AnswerLost] {
        let scene = Scene::default();
        let (key, body) = scene.file(1, 2 * MIB).await;
        let store = FaultyStore::new(scene.memory.clone(), Script::new([(0, fault)]));
        let slow = slow_at_first(Arc::new(store));
        let lake = scene.lake_over(Arc::new(slow), in_memory());
        let reads = (0..5).map(|_| lake.store().get_range(&key, 0..2 << 20));
        for read in join_all(reads).await {
            let error = read.unwrap_err();
            let is_refusal = matches!(error, Error::PermissionDenied { .. });
            assert_eq!(is_refusal, fault == Fault::Refused, "{error}");
        }
        assert_eq!(scene.gets(), 1);
        assert_eq!(lake.store().get_range(&key, 0..2 << 20).await.unwrap(), body, "{fault:?}");
    }
    let scene = Scene::default();
    let (key, _) = scene.file(1, 1).await;
    scene.memory.delete(&key).await.unwrap();
    let missing = failing(&scene, &[]).store().get_range(&key, 0..1).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
}

#[tokio::test]
async fn one_run_of_several_that_fails_is_an_error() {
    let scene = Scene::default();
    let (key, body) = scene.file(1, 20 * MIB).await;
    for request in 0..3 {
        let lake = failing(&scene, &[(request, Fault::Truncated)]);
        assert!(lake.store().get_range(&key, 0..20 << 20).await.is_err(), "{request}");
        let ranges = [0..20, 19 << 20..20 << 20];
        let bodies = lake.store().get_ranges(&key, &ranges).await.unwrap();
        assert_eq!(bodies, [body.slice(..20), body.slice(19 * MIB..)]);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_behind_its_first_step_is_an_error() {
    let scene = Scene::default();
    let (key, body) = scene.file(1, 34 * MIB).await;
    // One request to know the file, four for its first 32 MiB, and the last.
    for (request, is_whole) in [(5, false), (6, true)] {
        let lake = failing(&scene, &[(request, Fault::Unavailable)]);
        lake.store().get_range(&key, 0..1).await.unwrap();
        let answer = lake.store().get(&key).await.unwrap();
        let read = answer.bytes().await;
        assert_eq!(read.ok(), is_whole.then(|| body.clone()), "{request}");
    }
}

#[tokio::test]
async fn whoever_waits_for_one_that_gave_up_asks_again() {
    let scene = Scene::default();
    let (key, body) = scene.file(1, 1_000).await;
    let script = Script::new([(0, Fault::StallBefore)]);
    let never: octolake_testkit::Hook = Arc::new(|_| Box::pin(std::future::pending()));
    let store =
        FaultyStore::new(scene.memory.clone(), script.with_stall(Fault::StallBefore, never));
    let lake = scene.lake_over(Arc::new(store), in_memory());
    let mut first = Box::pin(lake.store().get_range(&key, 0..10));
    let mut second = Box::pin(lake.store().get_range(&key, 5..15));
    poll_fn(|context| {
        assert!(first.as_mut().poll(context).is_pending());
        assert!(second.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
    assert_eq!(scene.gets(), 1);
    drop(first);
    assert_eq!(second.await.unwrap(), body[5..15]);
    assert_eq!(scene.gets(), 2);
}

#[tokio::test]
async fn a_file_that_was_replaced_is_an_error_once_and_no_mixture() {
    let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
    let (key, _) = scene.file(1, 3 * MIB).await;
    let lake = scene.lake(on_disk(dir.path()));
    lake.store().get_range(&key, 0..10).await.unwrap();
    let other = content(2 * MIB, 77);
    scene.memory.put(&key, other.clone().into()).await.unwrap();
    for lake in [lake, scene.lake(on_disk(dir.path()))] {
        let error = lake.store().get_range(&key, 1_000..2 << 20).await;
        assert!(error.is_err() || error.unwrap() == other[1_000..]);
        let again = lake.store().get_range(&key, 1_000..2 << 20).await.unwrap();
        assert_eq!(again, other[1_000..]);
    }
}

#[tokio::test]
async fn a_claim_is_given_back_by_a_reader_that_panics() {
    let scene = Scene::default();
    let (key, body) = scene.file(1, 1_000).await;
    let has_panicked = Arc::new(AtomicBool::new(false));
    let flag = has_panicked.clone();
    let hook: octolake_testkit::Hook = Arc::new(move |_| {
        flag.store(true, Ordering::SeqCst);
        panic!("on purpose")
    });
    let script = Script::new([(0, Fault::StallBefore)]).with_stall(Fault::StallBefore, hook);
    let store = FaultyStore::new(scene.memory.clone(), script);
    let lake = scene.lake_over(Arc::new(store), in_memory());
    let (reader, place) = (lake.clone(), key.clone());
    let read = tokio::spawn(async move { reader.store().get_range(&place, 0..10).await });
    assert!(read.await.is_err() && has_panicked.load(Ordering::SeqCst));
    assert_eq!(lake.store().get_range(&key, 0..10).await.unwrap(), body[..10]);
}
