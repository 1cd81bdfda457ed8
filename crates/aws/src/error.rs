//! What can go wrong on the way to AWS and there, each with what to do about it.

/// Why a stack could not be asked or told something.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// Neither the environment nor the profile says where the stack is.
    #[error("no region is set")]
    NoRegion,
    /// A text that is no region: it would become part of a host's name.
    #[error("{0:?} is no region of AWS")]
    BadRegion(String),
    /// The environment, the profile and the machine give none.
    #[error("no credentials of AWS are found: {0}")]
    NoCredentials(String),
    /// No answer came, after several attempts.
    #[error("{action} of {resource}: no answer from {host}: {reason}")]
    NoAnswer {
        /// What was asked, as IAM names it.
        action: String,
        /// What it was asked of.
        resource: String,
        /// Who was asked.
        host: String,
        /// What happened instead.
        reason: String,
    },
    /// IAM said no.
    #[error("{action} of {resource} is not allowed: {message}")]
    Denied {
        /// The right that is missing.
        action: String,
        /// What it was asked of.
        resource: String,
        /// What AWS said.
        message: String,
    },
    /// The service said no.
    #[error("{action} of {resource}: {code}: {message}")]
    Refused {
        /// What was asked, as IAM names it.
        action: String,
        /// What it was asked of.
        resource: String,
        /// The service's name of the error.
        code: String,
        /// What it said.
        message: String,
    },
    /// An answer without what it has to have.
    #[error("{action} of {resource}: the answer has no {missing}")]
    Unreadable {
        /// What was asked, as IAM names it.
        action: String,
        /// What it was asked of.
        resource: String,
        /// The member that is missing.
        missing: String,
    },
    /// There is nothing of that name.
    #[error("there is no stack {stack} in {region}: {looked_for} is not there")]
    NoStack {
        /// The name that was given.
        stack: String,
        /// Where it was looked for.
        region: String,
        /// The resource by which it would have been known.
        looked_for: String,
    },
    /// A step of several failed; those before it stay done.
    #[error("{error}; {so_far}")]
    HalfWay {
        /// What is so by now.
        so_far: String,
        /// What failed.
        error: Box<Self>,
    },
    /// What was asked for cannot be done with this stack, or not so.
    #[error("{what}")]
    Unfit {
        /// What stands in the way.
        what: String,
        /// What to do.
        hint: String,
    },
}

impl AwsError {
    /// Something that cannot be done with this stack, and what to do.
    pub fn unfit(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Unfit { what: what.into(), hint: hint.into() }
    }

    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::NoRegion => "name it with --region, or set AWS_REGION".into(),
            Self::BadRegion(_) => "write one like eu-central-1".into(),
            Self::NoCredentials(_) => {
                "set AWS_PROFILE (and log in: aws sso login), or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".into()
            }
            Self::NoAnswer { .. } => {
                "look at the network, --region and --endpoint-url, and try again".into()
            }
            Self::Denied { action, resource, .. } => {
                format!("ask for {action} on {resource}, or use another profile (AWS_PROFILE)")
            }
            Self::Refused { code, .. } if code.contains("Expired") => {
                "the credentials are too old: log in again".into()
            }
            Self::Refused { code, .. } if is_about_credentials(code) => {
                "look at AWS_PROFILE and at the credentials of this environment".into()
            }
            Self::Refused { .. } | Self::Unreadable { .. } => {
                "if it stays so, -vv says what was asked".into()
            }
            Self::NoStack { .. } => {
                "look at --stack (the name that Terraform was given), --region and AWS_PROFILE".into()
            }
            Self::HalfWay { error, .. } => {
                format!("{}; then run this again: it mends what was left half-way", error.hint())
            }
            Self::Unfit { hint, .. } => hint.clone(),
        }
    }

    /// Whether the service has nothing of that name.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { code, .. }
            if ["ResourceNotFoundException", "NotFoundException", "QueueDoesNotExist", "NonExistentQueue"]
                .iter().any(|known| code.ends_with(known)))
    }
}

fn is_about_credentials(code: &str) -> bool {
    ["InvalidClientTokenId", "UnrecognizedClientException", "InvalidSignatureException"]
        .iter()
        .any(|known| code.ends_with(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> AwsError {
        AwsError::Refused {
            action: "sqs:ReceiveMessage".into(),
            resource: "q".into(),
            code: code.into(),
            message: "no".into(),
        }
    }

    #[test]
    fn a_missing_right_is_named() {
        let error = AwsError::Denied {
            action: "sqs:ReceiveMessage".into(),
            resource: "the queue acme-raw-dead-letters".into(),
            message: "User: u is not authorized".into(),
        };
        assert_eq!(
            error.hint(),
            "ask for sqs:ReceiveMessage on the queue acme-raw-dead-letters, or use another profile (AWS_PROFILE)"
        );
    }

    #[test]
    fn half_way_says_what_is_so_and_what_mends_it() {
        let error = AwsError::HalfWay {
            so_far: "nothing is lost".into(),
            error: Box::new(AwsError::unfit("the step failed", "do this")),
        };
        assert_eq!(error.to_string(), "the step failed; nothing is lost");
        assert_eq!(error.hint(), "do this; then run this again: it mends what was left half-way");
    }

    #[test]
    fn what_is_missing_is_told_from_what_is_refused() {
        for code in [
            "ResourceNotFoundException",
            "AWS.SimpleQueueService.NonExistentQueue",
            "com.amazonaws.sqs#QueueDoesNotExist",
        ] {
            assert!(refused(code).is_missing(), "{code}");
        }
        for code in ["ValidationException", "ResourceNotFound", ""] {
            assert!(!refused(code).is_missing(), "{code}");
        }
    }
}
