//! The webhook secrets: what signs a delivery, and what a signature is checked against.
//!
//! Never prints one: `Debug` is redacted, and there is no way to read a secret back.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;

const SCHEME: &str = "sha256=";

/// A SHA-256 hash.
pub(crate) type Digest = [u8; 32];

/// The hash that an `X-Hub-Signature-256` spells; `None` where it is not of that form, and so
/// cannot be right whatever the body.
pub(crate) fn digest_of(signature: &str) -> Option<Digest> {
    let mut digest = Digest::default();
    hex::decode_to_slice(signature.strip_prefix(SCHEME)?, &mut digest).ok()?;
    Some(digest)
}

/// One webhook secret, kept as the keyed hash that it is used for.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

/// Why a text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Nothing, or a line break only. Everybody could sign with it.
    #[error("the webhook secret is empty: put the secret that the webhook was created with there")]
    Empty,
    /// The hash takes keys of every length, so this does not occur.
    #[error("the webhook secret cannot be used as a key")]
    Unusable,
}

impl Secret {
    /// The secret in `text`, without the one line break that editors and `echo` put at the end.
    pub fn from_text(text: impl AsRef<[u8]>) -> Result<Self, SecretError> {
        let text = text.as_ref();
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            return Err(SecretError::Empty);
        }
        Hmac::new_from_slice(text).map(Self).map_err(|_| SecretError::Unusable)
    }

    /// The value of `X-Hub-Signature-256` for `body`.
    pub fn sign(&self, body: &[u8]) -> String {
        let digest = self.0.clone().chain_update(body).finalize().into_bytes();
        format!("{SCHEME}{}", hex::encode(digest))
    }

    fn verifies(&self, body: &[u8], digest: &Digest) -> bool {
        // Constant time.
        self.0.clone().chain_update(body).verify_slice(digest).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// The secrets that are valid now: one, or several while a secret is being replaced.
#[derive(Debug, Clone)]
pub struct Secrets(Vec<Secret>);

/// A list of secrets without a secret in it: nothing could be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no webhook secret is given: deliveries cannot be verified without one")]
pub struct NoSecrets;

impl Secrets {
    /// At least one secret; each of them is tried on each delivery.
    pub fn new(secrets: Vec<Secret>) -> Result<Self, NoSecrets> {
        if secrets.is_empty() { Err(NoSecrets) } else { Ok(Self(secrets)) }
    }

    /// The hash in `signature`, an `X-Hub-Signature-256`, if it is one of these secrets' over
    /// `body`.
    pub(crate) fn verify(&self, body: &[u8], signature: &str) -> Option<Digest> {
        let digest = digest_of(signature)?;
        self.0.iter().any(|secret| secret.verifies(body, &digest)).then_some(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secret(text: &str) -> Secret {
        Secret::from_text(text).unwrap()
    }

    #[test]
    fn githubs_own_vector() {
        let known = secret("It's a Secret to Everybody");
        assert_eq!(known.sign(b"Hello, World!"), SIGNATURE);
        assert!(Secrets::new(vec![known]).unwrap().verify(b"Hello, World!", SIGNATURE).is_some());
    }

    #[test]
    fn each_of_several_secrets_is_tried() {
        let both = Secrets::new(vec![secret("new"), secret("It's a Secret to Everybody")]).unwrap();
        assert!(both.verify(b"Hello, World!", SIGNATURE).is_some());
        let other = Secrets::new(vec![secret("new"), secret("newer")]).unwrap();
        assert_eq!(other.verify(b"Hello, World!", SIGNATURE), None);
    }

    #[test]
    fn no_other_text_is_a_signature() {
        let secrets = Secrets::new(vec![secret("It's a Secret to Everybody")]).unwrap();
        let digest = SIGNATURE.strip_prefix("sha256=").unwrap();
        for text in
            ["", "sha256=", digest, "sha256=zz", &SIGNATURE[..70], &format!("sha1={digest}")]
        {
            assert_eq!(secrets.verify(b"Hello, World!", text), None, "{text}");
        }
        assert_eq!(secrets.verify(b"Hello, World", SIGNATURE), None);
    }

    #[test]
    fn one_line_break_is_no_part_of_a_secret() {
        for text in ["It's a Secret to Everybody\n", "It's a Secret to Everybody\r\n"] {
            assert_eq!(secret(text).sign(b"Hello, World!"), SIGNATURE);
        }
        assert_ne!(secret("It's a Secret to Everybody\n\n").sign(b"Hello, World!"), SIGNATURE);
        assert_ne!(secret(" It's a Secret to Everybody").sign(b"Hello, World!"), SIGNATURE);
    }

    #[test]
    fn nothing_is_no_secret() {
        for text in ["", "\n", "\r\n"] {
            assert_eq!(Secret::from_text(text).unwrap_err(), SecretError::Empty);
        }
        assert_eq!(Secrets::new(vec![]).unwrap_err(), NoSecrets);
    }

    #[test]
    fn a_secret_does_not_print() {
        let text = format!("{:?}", Secrets::new(vec![secret("hunter2")]).unwrap());
        assert_eq!(text, "Secrets([Secret(redacted)])");
    }
}
