//! Body → signed body: the proof that GitHub, or somebody who knows the secret, sent it.

use crate::rejection::Rejection;
use crate::secret::{Digest, Secrets};

/// A body with a valid signature.
#[derive(Debug, Clone, Copy)]
pub struct SignedBody<'a> {
    bytes: &'a [u8],
    digest: Digest,
}

impl<'a> SignedBody<'a> {
    /// Checks `signature`, the `X-Hub-Signature-256` header, over the bytes received.
    pub fn verify(
        body: &'a [u8],
        signature: Option<&str>,
        secrets: &Secrets,
    ) -> Result<Self, Rejection> {
        let digest = signature.and_then(|signature| secrets.verify(body, signature));
        digest.map(|digest| Self { bytes: body, digest }).ok_or(Rejection::Unauthorized)
    }

    /// The bytes, as received.
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Half of the signature, as a number: the same for the same body under the same secret, and
    /// for no other that anybody could find. It costs nothing, since it was computed already.
    pub fn fingerprint(self) -> u128 {
        let [half @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = self.digest;
        u128::from_be_bytes(half)
    }
}
