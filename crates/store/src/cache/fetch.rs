//! A ranged GET, cut into blocks.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, GetResult, Result};

use super::STORE;
use super::blocks::{BLOCK, Block, Blocks, FileFacts};
use super::flights::{Claim, as_error};

/// Fetches a run of blocks with one request; those behind the end of the file are empty, without a
/// request where the end is known.
///
/// # Errors
/// The store gives none of them, or not all that it should: then none is kept.
pub(crate) async fn run(
    blocks: &Arc<Blocks>,
    key: &Path,
    claims: Vec<Claim>,
) -> Result<Vec<(u64, Block)>> {
    let known = blocks.state().files.get(key).copied();
    let numbers: Vec<u64> = claims.iter().map(Claim::number).collect();
    let fetched = match (known, numbers.as_slice()) {
        (Some(file), [first, ..]) if file.size <= first.saturating_mul(BLOCK) => Ok((file, vec![])),
        _ => get(blocks, key, &numbers).await,
    };
    match fetched {
        Ok((file, bodies)) => {
            let fetched: Vec<_> = numbers.iter().copied().zip(bodies).collect();
            blocks.keep(key, fetched.clone()).await;
            let mut bodies = fetched.into_iter().map(|(_, block)| block);
            let nothing = || Block { data: Bytes::new(), file };
            Ok(claims
                .into_iter()
                .map(|it| it.land(bodies.next().unwrap_or_else(nothing)))
                .collect())
        }
        Err(error) => {
            let error = Arc::new(error);
            claims.into_iter().for_each(|claim| claim.fail(error.clone()));
            Err(as_error(key, &error))
        }
    }
}

/// The blocks of these numbers, which stand side by side, as far as the file goes.
async fn get(blocks: &Blocks, key: &Path, numbers: &[u64]) -> Result<(FileFacts, Vec<Block>)> {
    let first = numbers.first().copied().unwrap_or_default();
    let last = numbers.last().copied().unwrap_or_default();
    let (start, end) = (first.saturating_mul(BLOCK), last.saturating_add(1).saturating_mul(BLOCK));
    let options = GetOptions::new().with_range(Some(GetRange::Bounded(start..end)));
    let answer = blocks.inner.get_opts(key, options).await?;
    let file = FileFacts::from(&answer.meta);
    blocks.learn(key, file)?;
    let expected = start..end.min(file.size);
    if answer.range != expected {
        let actual = &answer.range;
        return Err(failed(format!("asked for {expected:?} of {key}, and got {actual:?}")));
    }
    Ok((file, cut(key, answer, file).await?))
}

/// The body of an answer that begins where a block does, each block in memory of its own: what is
/// kept of one must not hold the others.
pub(crate) async fn cut(key: &Path, answer: GetResult, file: FileFacts) -> Result<Vec<Block>> {
    let Range { start, end } = answer.range;
    let (mut whole, mut left) = (vec![], end.saturating_sub(start));
    let room = |left: u64| Vec::with_capacity(usize::try_from(left.min(BLOCK)).unwrap_or_default());
    let mut open: Vec<u8> = room(left);
    let mut body = answer.into_stream();
    while let Some(mut part) = body.try_next().await? {
        left = left.checked_sub(part.len() as u64).ok_or_else(|| {
            failed(format!("the answer has more than {} bytes of {key}", end.saturating_sub(start)))
        })?;
        while !part.is_empty() {
            let free = usize::try_from(BLOCK).unwrap_or(usize::MAX) - open.len();
            open.extend_from_slice(&part.split_to(free.min(part.len())));
            if open.len() as u64 == BLOCK {
                let rest = left + part.len() as u64;
                whole.push(std::mem::replace(&mut open, room(rest)));
            }
        }
    }
    if left > 0 {
        return Err(failed(format!("the answer ends {left} bytes before its end, of {key}")));
    }
    whole.extend((!open.is_empty()).then_some(open));
    Ok(whole.into_iter().map(|data| Block { data: data.into(), file }).collect())
}

pub(crate) fn failed(sentence: String) -> Error {
    Error::Generic { store: STORE, source: sentence.into() }
}
