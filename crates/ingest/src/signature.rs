//! Body → signed body: the proof that GitHub, or somebody who knows the secret, sent it.

use crate::rejection::Rejection;
use crate::secret::Secrets;

/// A body with a valid signature.
#[derive(Debug, Clone, Copy)]
pub struct SignedBody<'a>(&'a [u8]);

impl<'a> SignedBody<'a> {
    /// Checks `signature`, the `X-Hub-Signature-256` header, over the bytes received.
    pub fn verify(
        body: &'a [u8],
        signature: Option<&str>,
        secrets: &Secrets,
    ) -> Result<Self, Rejection> {
        match signature {
            Some(signature) if secrets.verify(body, signature) => Ok(Self(body)),
            _ => Err(Rejection::Unauthorized),
        }
    }

    /// The bytes, as received.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }
}
