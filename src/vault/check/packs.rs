//! Reading the packs of a check: all of them, or a sample.

use futures_util::{StreamExt, stream};

use super::{CheckDepth, Problem, bad::Bad};
use crate::report::{Report, sentence};
use crate::vault::error::ErrorKind;
use crate::vault::index::PackContents;
use crate::vault::open::Vault;
use crate::vault::pack;
use crate::vault::verify::read_pack;

/// Packs that are read and checked at the same time.
pub(in crate::vault) const PACKS_AT_ONCE: usize = 2;

/// What reading packs found.
#[derive(Default)]
pub(super) struct PacksRead {
    pub(super) packs: u64,
    pub(super) bytes: u64,
    pub(super) problems: Vec<Problem>,
    pub(super) bad: Bad,
}

/// The packs of these that a check of contents reads: for a sample so many at random that their bytes reach the share.
pub(super) fn chosen(mut packs: Vec<PackContents>, depth: CheckDepth) -> Vec<PackContents> {
    let percent = match depth {
        CheckDepth::ReadSome(percent) => u128::from(percent),
        CheckDepth::Structure | CheckDepth::ReadData => return packs,
    };
    let all: u128 = packs.iter().map(|pack| u128::from(pack.size)).sum();
    packs.sort_by_cached_key(|_| rand::random::<u64>());
    let mut bytes = 0;
    let is_within = |pack: &PackContents| {
        let is_within = bytes == 0 || bytes * 100 < all * percent;
        bytes += u128::from(pack.size.max(1));
        is_within
    };
    let count = packs.iter().map(is_within).take_while(|is_within| *is_within).count();
    packs.truncate(count);
    packs
}

/// Reads and verifies all of these packs. One that is not there any more is left to the next look.
pub(super) async fn read(vault: &Vault, packs: Vec<PackContents>, report: &dyn Report) -> PacksRead {
    report.expect(packs.len() as u64);
    let objects = vault.objects.clone();
    let read = packs.into_iter().map(|pack| {
        let objects = objects.clone();
        async move { (pack.id, pack.size, read_pack(objects, pack).await) }
    });
    let mut read = stream::iter(read).buffer_unordered(PACKS_AT_ONCE);
    let mut found = PacksRead::default();
    while let Some((id, size, result)) = read.next().await {
        let name = pack::name(&id);
        match result {
            Ok(verified) => {
                found.packs += 1;
                found.bytes += size;
                found.problems.extend(verified.why.into_iter().map(|why| Problem { file: name.clone(), why }));
                found.bad.blocks.extend(verified.blocks.into_iter().map(|number| (id, number)));
                found.bad.objects.extend(verified.objects.into_iter().map(|address| (id, address)));
            }
            Err(error) if error.kind == ErrorKind::Missing => {}
            Err(error) => {
                found.problems.push(Problem { file: name.clone(), why: sentence(&error) });
                found.bad.packs.insert(id);
            }
        }
        report.items_done(1, size);
    }
    found
}
