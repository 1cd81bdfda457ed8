//! The webhook secrets as they are now: fetched when they are first needed, kept for minutes, and
//! fetched anew when a signature fits none of them, since a secret may just have been replaced.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use octolake_ingest::{Endpoint, Filter, HttpRequest, Secrets, Verdict};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long secrets are used before they are fetched again.
const MAX_AGE: TimeDelta = TimeDelta::minutes(5);
/// How long it is between two fetches at least: anybody can send a wrong signature.
const MIN_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// How long a fetch may take: a delivery waits for it, and needs time for the bus after it.
const FETCHED_WITHIN: Duration = Duration::from_secs(3);

/// Where the secrets are fetched from.
pub(crate) trait SecretSource {
    /// Every secret that is valid now.
    fn fetch(&self) -> impl Future<Output = Result<Secrets, FetchError>> + Send;
}

/// Why the secrets are not to be had. Names places, never a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the webhook secrets: {0}")]
pub(crate) struct FetchError(pub(crate) String);

/// The endpoint with the secrets that were fetched last.
pub(crate) struct Keys<S> {
    source: S,
    filter: Filter,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    endpoint: Option<Arc<Endpoint>>,
    /// When it was fetched.
    fetched_at: Option<DateTime<Utc>>,
    /// When that was last tried, with or without success.
    tried_at: Option<DateTime<Utc>>,
}

impl<S: SecretSource> Keys<S> {
    pub(crate) fn new(source: S, filter: Filter) -> Self {
        Self { source, filter, known: Mutex::default() }
    }

    /// Judges `request` by the secrets as they are at its arrival.
    ///
    /// # Errors
    /// There are no secrets, and none can be fetched.
    pub(crate) async fn judge<'a>(
        &self,
        request: &HttpRequest<'a>,
    ) -> Result<Verdict<'a>, FetchError> {
        let now = request.received_at;
        let mut known = self.known.lock().await;
        let endpoint = self.current(&mut known, now).await?;
        let verdict = endpoint.judge(request);
        // No other secret makes a signature of none.
        let may_be_new = verdict.is_unauthorized() && request.headers.is_signed();
        if !may_be_new || !known.may_try(now) {
            return Ok(verdict);
        }
        match self.refresh(&mut known, now).await {
            Ok(endpoint) => Ok(endpoint.judge(request)),
            Err(error) => {
                tracing::warn!(%error, "goes on with the secrets that it has");
                Ok(verdict)
            }
        }
    }

    async fn current(
        &self,
        known: &mut Known,
        now: DateTime<Utc>,
    ) -> Result<Arc<Endpoint>, FetchError> {
        let Some(endpoint) = known.endpoint.clone() else {
            return self.refresh(known, now).await;
        };
        if known.is_fresh(now) || !known.may_try(now) {
            return Ok(endpoint);
        }
        // Better a secret of six minutes ago than no delivery at all.
        self.refresh(known, now).await.or_else(|error| {
            tracing::warn!(%error, "goes on with the secrets that it has");
            Ok(endpoint)
        })
    }

    async fn refresh(
        &self,
        known: &mut Known,
        now: DateTime<Utc>,
    ) -> Result<Arc<Endpoint>, FetchError> {
        known.tried_at = Some(now);
        let late = |_| FetchError(format!("no answer within {} s", FETCHED_WITHIN.as_secs()));
        let secrets = timeout(FETCHED_WITHIN, self.source.fetch()).await.map_err(late)??;
        let endpoint = Arc::new(Endpoint::new(secrets).with_filter(self.filter.clone()));
        known.endpoint = Some(endpoint.clone());
        known.fetched_at = Some(now);
        Ok(endpoint)
    }
}

impl Known {
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.fetched_at.is_some_and(|at| is_within(now, at, MAX_AGE))
    }

    fn may_try(&self, now: DateTime<Utc>) -> bool {
        !self.tried_at.is_some_and(|at| is_within(now, at, MIN_PAUSE))
    }
}

/// Whether `now` is less than `span` after `at`. A clock that was set back counts as long ago.
fn is_within(now: DateTime<Utc>, at: DateTime<Utc>, span: TimeDelta) -> bool {
    at <= now && now - at < span
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as StdMutex;

    use octolake_ingest::{Headers, Secret};

    use super::*;

    /// A store with one secret, which counts how often it is asked.
    #[derive(Default)]
    struct Store(StdMutex<(Option<&'static str>, u32)>);

    impl Store {
        fn set(&self, secret: Option<&'static str>) {
            self.0.lock().unwrap().0 = secret;
        }

        fn fetches(&self) -> u32 {
            self.0.lock().unwrap().1
        }
    }

    impl SecretSource for &Store {
        async fn fetch(&self) -> Result<Secrets, FetchError> {
            let mut state = self.0.lock().unwrap();
            state.1 += 1;
            let secret = state.0.ok_or(FetchError("it is down".into()))?;
            Ok(Secrets::new(vec![Secret::from_text(secret).unwrap()]).unwrap())
        }
    }

    /// What becomes of a delivery that is signed with `secret`, `seconds` after the first.
    async fn deliver(keys: &Keys<&Store>, secret: &str, seconds: i64) -> Option<bool> {
        let start: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
        let signature = Secret::from_text(secret).unwrap().sign(b"{}");
        let request = HttpRequest {
            method: "POST",
            path: "/",
            headers: Headers::from_pairs(&[
                ("content-type", "application/json"),
                ("x-hub-signature-256", &signature),
                ("x-github-event", "push"),
                ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            ]),
            body: b"{}",
            received_at: start + TimeDelta::seconds(seconds),
        };
        keys.judge(&request).await.ok().map(|verdict| matches!(verdict, Verdict::Take(_)))
    }

    #[tokio::test]
    async fn secrets_are_kept_for_five_minutes() {
        let store = Store::default();
        store.set(Some("a"));
        let keys = Keys::new(&store, Filter::default());
        assert_eq!(store.fetches(), 0);
        for (seconds, fetches) in [(0, 1), (1, 1), (299, 1), (300, 2), (599, 2), (601, 3)] {
            assert_eq!(deliver(&keys, "a", seconds).await, Some(true));
            assert_eq!(store.fetches(), fetches, "after {seconds} s");
        }
    }

    #[tokio::test]
    async fn a_new_secret_is_found_at_its_first_delivery() {
        let store = Store::default();
        store.set(Some("old"));
        let keys = Keys::new(&store, Filter::default());
        assert_eq!(deliver(&keys, "old", 0).await, Some(true));
        store.set(Some("new"));
        assert_eq!(deliver(&keys, "new", 61).await, Some(true));
        assert_eq!(deliver(&keys, "old", 62).await, Some(false));
    }

    #[tokio::test]
    async fn wrong_signatures_cost_one_fetch_a_minute() {
        let store = Store::default();
        store.set(Some("a"));
        let keys = Keys::new(&store, Filter::default());
        for seconds in 0..=120 {
            assert_eq!(deliver(&keys, "wrong", seconds).await, Some(false));
        }
        assert_eq!(store.fetches(), 3);
    }

    /// A store that takes its time, and more.
    struct Silent;

    impl SecretSource for Silent {
        async fn fetch(&self) -> Result<Secrets, FetchError> {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn a_store_that_does_not_answer_leaves_time_for_an_answer() {
        let started = std::time::Instant::now();
        let keys = Keys::new(Silent, Filter::default());
        let request = HttpRequest {
            method: "POST",
            path: "/",
            headers: Headers::default(),
            body: b"{}",
            received_at: "2026-03-02T10:00:00Z".parse().unwrap(),
        };
        let error = keys.judge(&request).await.unwrap_err();
        assert_eq!(error, FetchError("no answer within 3 s".into()));
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test]
    async fn a_request_without_a_signature_costs_no_fetch() {
        let store = Store::default();
        store.set(Some("a"));
        let keys = Keys::new(&store, Filter::default());
        for minute in 0..4 {
            let start: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
            let request = HttpRequest {
                method: "POST",
                path: "/",
                headers: Headers::default(),
                body: b"{}",
                received_at: start + TimeDelta::minutes(minute),
            };
            assert!(keys.judge(&request).await.unwrap().is_unauthorized());
        }
        assert_eq!(store.fetches(), 1);
    }

    #[tokio::test]
    async fn while_the_store_is_down_the_last_secrets_count() {
        let store = Store::default();
        let keys = Keys::new(&store, Filter::default());
        assert_eq!(deliver(&keys, "a", 0).await, None, "there is none yet");
        store.set(Some("a"));
        assert_eq!(deliver(&keys, "a", 1).await, Some(true), "without a secret, each is a try");
        store.set(None);
        assert_eq!(deliver(&keys, "a", 400).await, Some(true));
        assert_eq!(deliver(&keys, "a", 401).await, Some(true));
        assert_eq!(store.fetches(), 3, "one try a minute");
        store.set(Some("b"));
        assert_eq!(deliver(&keys, "b", 461).await, Some(true));
    }
}
