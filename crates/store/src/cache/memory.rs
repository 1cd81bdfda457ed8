//! Blocks in memory: those that were used last, within a bound.

use std::collections::{BTreeMap, HashMap};

use object_store::path::Path;

use super::blocks::Block;

/// A block by its file and its number.
pub(crate) type BlockId = (Path, u64);

/// What a block's name and its place in the books take, in bytes; about.
const OVERHEAD: u64 = 512;

/// Blocks, the ones used last, within a bound.
#[derive(Debug)]
pub(crate) struct Memory {
    bound: u64,
    bytes: u64,
    /// Counts uses: a block with a smaller one was used earlier.
    now: u64,
    blocks: HashMap<BlockId, (Block, u64)>,
    by_use: BTreeMap<u64, BlockId>,
}

impl Memory {
    /// Room for `bound` bytes.
    pub(crate) fn new(bound: u64) -> Self {
        Self { bound, bytes: 0, now: 0, blocks: HashMap::new(), by_use: BTreeMap::new() }
    }

    /// A block that is there; it counts as used now.
    pub(crate) fn get(&mut self, id: &BlockId) -> Option<Block> {
        let (block, used) = self.blocks.get_mut(id)?;
        self.now += 1;
        self.by_use.remove(used);
        self.by_use.insert(self.now, id.clone());
        *used = self.now;
        Some(block.clone())
    }

    /// Keeps a block, in the place of those that were not used for longest. One that has no room
    /// alone is not kept.
    pub(crate) fn put(&mut self, id: BlockId, block: Block) {
        let bytes = charge(&block);
        self.remove(&id);
        if bytes > self.bound {
            return;
        }
        while self.bytes + bytes > self.bound {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            self.remove(&oldest);
        }
        self.now += 1;
        self.bytes += bytes;
        self.by_use.insert(self.now, id.clone());
        self.blocks.insert(id, (block, self.now));
    }

    /// Drops all blocks of a file.
    pub(crate) fn forget(&mut self, key: &Path) {
        let ids: Vec<_> = self.blocks.keys().filter(|(file, _)| file == key).cloned().collect();
        ids.iter().for_each(|id| self.remove(id));
    }

    fn remove(&mut self, id: &BlockId) {
        if let Some((block, used)) = self.blocks.remove(id) {
            self.by_use.remove(&used);
            self.bytes -= charge(&block);
        }
    }
}

fn charge(block: &Block) -> u64 {
    block.data.len() as u64 + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::blocks::FileFacts;

    fn block(bytes: usize) -> Block {
        let file = FileFacts { size: bytes as u64, modified_ms: 0 };
        Block { data: vec![1; bytes].into(), file }
    }

    fn id(name: &str) -> BlockId {
        (Path::from(name), 0)
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut memory = Memory::new(3 * (1_000 + OVERHEAD));
        ["a", "b", "c"].iter().for_each(|name| memory.put(id(name), block(1_000)));
        assert!(memory.get(&id("a")).is_some());
        memory.put(id("d"), block(1_000));
        let there = ["a", "b", "c", "d"].map(|name| memory.get(&id(name)).is_some());
        assert_eq!(there, [true, false, true, true]);
        memory.put(id("e"), block(2_000));
        let there = ["a", "b", "c", "d", "e"].map(|name| memory.get(&id(name)).is_some());
        assert_eq!(there, [false, false, false, true, true]);
    }

    #[test]
    fn the_bound_holds_whatever_comes() {
        let mut memory = Memory::new(10_000);
        for number in 0..200_u64 {
            let bytes = usize::try_from(number * 37 % 3_000).unwrap();
            memory.put((Path::from("x"), number % 60), block(bytes));
            let held: u64 = memory.blocks.values().map(|(block, _)| charge(block)).sum();
            assert_eq!((held, memory.blocks.len()), (memory.bytes, memory.by_use.len()));
            assert!(memory.bytes <= 10_000);
        }
        memory.put(id("large"), block(10_000));
        assert!(memory.get(&id("large")).is_none());
        memory.forget(&Path::from("x"));
        assert_eq!((memory.bytes, memory.by_use.len()), (0, 0));
    }
}
