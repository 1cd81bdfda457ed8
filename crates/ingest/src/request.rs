//! The HTTP request as the ingest sees it, whatever library brought it.

use chrono::{DateTime, Utc};

use crate::rejection::Rejection;
use crate::secret::digest_of;

/// The headers that the ingest reads; no other gets past this point.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    pub(crate) content_type: Option<&'a str>,
    pub(crate) signature: Option<&'a str>,
    pub(crate) event: Option<&'a str>,
    pub(crate) delivery: Option<&'a str>,
    pub(crate) enterprise_host: Option<&'a str>,
    pub(crate) hook_id: Option<&'a str>,
    pub(crate) target_type: Option<&'a str>,
    pub(crate) target_id: Option<&'a str>,
}

impl<'a> Headers<'a> {
    /// Asks `find` for each header, by its name in lower case.
    ///
    /// `find` must compare names without regard to case, and answers `None` for a header that is
    /// absent. One that is there and no text must not count as absent: any text of no form will do.
    pub fn from_lookup(find: impl Fn(&'static str) -> Option<&'a str>) -> Self {
        Self {
            content_type: find("content-type"),
            signature: find("x-hub-signature-256"),
            event: find("x-github-event"),
            delivery: find("x-github-delivery"),
            enterprise_host: find("x-github-enterprise-host"),
            hook_id: find("x-github-hook-id"),
            target_type: find("x-github-hook-installation-target-type"),
            target_id: find("x-github-hook-installation-target-id"),
        }
    }

    /// Whether there is a signature of the right form, whatever it is worth. Without one the
    /// answer is known before the body is.
    pub fn is_signed(&self) -> bool {
        self.signature.is_some_and(|text| digest_of(text).is_some())
    }

    /// Reads names and values; of a header that occurs twice, the first counts.
    pub fn from_pairs(pairs: &[(&str, &'a str)]) -> Self {
        Self::from_lookup(|name| {
            pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
        })
    }
}

/// One request, with the body whole.
#[derive(Debug, Clone, Copy)]
pub struct HttpRequest<'a> {
    /// The method, in upper case as HTTP has it.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The headers that count.
    pub headers: Headers<'a>,
    /// The body, as received.
    pub body: &'a [u8],
    /// When the whole body was there.
    pub received_at: DateTime<Utc>,
}

/// What a method and a path ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Is the endpoint there?
    Health,
    /// Could it take a delivery now?
    Ready,
    /// Take a delivery. The only route with a body.
    Deliver,
}

impl Route {
    /// The route of a request.
    pub fn of(method: &str, path: &str) -> Result<Self, Rejection> {
        let (route, allow) = match path {
            "/health" => (Self::Health, "GET, HEAD"),
            "/ready" => (Self::Ready, "GET, HEAD"),
            "/" | "/webhook" => (Self::Deliver, "POST"),
            _ => return Err(Rejection::NotFound),
        };
        if allow.split(", ").any(|allowed| allowed == method) {
            Ok(route)
        } else {
            Err(Rejection::MethodNotAllowed { allow })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_names_have_no_case() {
        let headers = Headers::from_pairs(&[
            ("X-GitHub-Event", "push"),
            ("x-github-DELIVERY", "1"),
            ("X-GITHUB-EVENT", "second"),
        ]);
        assert_eq!(headers.event, Some("push"));
        assert_eq!(headers.delivery, Some("1"));
        assert_eq!(headers.hook_id, None);
    }

    #[test]
    fn routes() {
        assert_eq!(Route::of("POST", "/"), Ok(Route::Deliver));
        assert_eq!(Route::of("POST", "/webhook"), Ok(Route::Deliver));
        assert_eq!(Route::of("GET", "/health"), Ok(Route::Health));
        assert_eq!(Route::of("HEAD", "/health"), Ok(Route::Health));
        assert_eq!(
            Route::of("POST", "/health"),
            Err(Rejection::MethodNotAllowed { allow: "GET, HEAD" })
        );
        assert_eq!(
            Route::of("GET", "/webhook"),
            Err(Rejection::MethodNotAllowed { allow: "POST" })
        );
        for path in ["/webhook/", "/favicon.ico", "", "//", "/../health"] {
            assert_eq!(Route::of("POST", path), Err(Rejection::NotFound), "{path}");
        }
    }
}
