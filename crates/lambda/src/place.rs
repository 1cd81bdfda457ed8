//! Where a function runs: on Lambda, or in the hands of somebody who wonders what it is.

/// Lambda, and what plays it, sets this; the runtime panics without it.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// It is run by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is a function for AWS Lambda, which is not here ({RUNTIME_API} is not set): terraform/START.md says how to deploy it; on this machine `lakequery serve` and `lakequery compact` do the same"
)]
pub struct NotLambda;

/// Whether Lambda runs this program, by its environment.
///
/// # Errors
/// It does not.
pub(crate) fn ensure_lambda(
    variable: impl Fn(&'static str) -> Option<String>,
) -> Result<(), NotLambda> {
    variable(RUNTIME_API).map(drop).ok_or(NotLambda)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_it_by_hand_is_told_what_it_is() {
        assert!(NotLambda.to_string().contains("AWS_LAMBDA_RUNTIME_API is not set"));
        assert_eq!(ensure_lambda(|_| None), Err(NotLambda));
        let lambda = |name| (name == RUNTIME_API).then(|| "127.0.0.1:9001".to_owned());
        assert_eq!(ensure_lambda(lambda), Ok(()));
    }
}
